#include "runtime/Device.h"

#include "runtime/DeviceProperties.h"

#include <algorithm>
#include <bit>
#include <map>
#include <mutex>
#include <thread>

namespace halftone {
namespace {

using Properties = Device::Properties;

/// Compute capability 8.0 is the oldest that any target compiles for.
constexpr int oldestCapability = 80;

Result<std::shared_ptr<const Properties>> openGpu(const Driver &driver, int ordinal) {
  auto gpu = std::make_shared<Properties>();
  std::string what = "open GPU " + std::to_string(ordinal);
  gpu->driver = &driver;
  gpu->ordinal = ordinal;
  if (Status status = driver.check(driver.deviceGet(&gpu->number, ordinal), what); !status)
    return status.error();

  char name[256] = {};
  int major = 0, minor = 0, multiprocessors = 0, shared = 0, l2Bytes = 0;
  cuda::Status status = driver.deviceGetName(name, sizeof(name) - 1, gpu->number);
  for (auto [value, attribute] :
       {std::pair{&major, cuda::attributeMajor}, std::pair{&minor, cuda::attributeMinor},
        std::pair{&multiprocessors, cuda::attributeMultiprocessors},
        std::pair{&shared, cuda::attributeSharedOptIn},
        std::pair{&l2Bytes, cuda::attributeL2Bytes}})
    if (status == cuda::success)
      status = driver.deviceGetAttribute(value, attribute, gpu->number);
  if (status != cuda::success)
    return driver.error(status, what);
  gpu->name = name;
  gpu->computeCapability = major * 10 + minor;
  gpu->multiprocessors = multiprocessors;
  gpu->sharedBytesPerBlock = size_t(shared);
  gpu->l2Bytes = size_t(l2Bytes);
  if (gpu->computeCapability < oldestCapability)
    return Error{ErrorCode::NoDevice,
                 "GPU " + std::to_string(ordinal) + " (" + gpu->name + ") is too old: it is sm_" +
                     std::to_string(gpu->computeCapability),
                 {},
                 "use an sm_80 GPU or newer, or the cpu target"};

  if (Status retained =
          driver.check(driver.devicePrimaryCtxRetain(&gpu->context, gpu->number), what);
      !retained)
    return retained.error();
  return std::shared_ptr<const Properties>(std::move(gpu));
}

} // namespace

Device::Properties::~Properties() {
  if (context)
    driver->devicePrimaryCtxRelease(number);
}

Device Device::cpu() { return {}; }

Result<int> Device::gpuCount() {
  Result<const Driver *> driver = Driver::get();
  if (!driver)
    return driver.error();
  int count = 0;
  if (Status status = (*driver)->check((*driver)->deviceGetCount(&count), "count the GPUs");
      !status)
    return status.error();
  return count;
}

Result<Device> Device::gpu(int ordinal) {
  Result<int> count = gpuCount();
  if (!count)
    return count.error();
  if (ordinal < 0 || ordinal >= *count)
    return Error{ErrorCode::NoDevice,
                 "there is no GPU " + std::to_string(ordinal) + ": this machine has " +
                     std::to_string(*count),
                 {},
                 *count ? "GPUs are numbered from 0" : "use the cpu target"};

  // Weak, so that the primary context is released when the last user of a GPU is gone.
  static std::mutex mutex;
  static std::map<int, std::weak_ptr<const Properties>> opened;
  std::lock_guard lock(mutex);
  Device device;
  device.properties = opened[ordinal].lock();
  if (!device.properties) {
    Result<std::shared_ptr<const Properties>> properties = openGpu(**Driver::get(), ordinal);
    if (!properties)
      return properties.error();
    device.properties = *properties;
    opened[ordinal] = *properties;
  }
  return device;
}

Device Device::current() {
  Result<Device> first = gpu(0);
  return first ? *first : cpu();
}

int Device::ordinal() const { return properties ? properties->ordinal : -1; }
std::string Device::name() const { return properties ? properties->name : "cpu"; }
int Device::computeCapability() const { return properties ? properties->computeCapability : 0; }
int Device::multiprocessors() const {
  return properties ? properties->multiprocessors
                    : int(std::max(1u, std::thread::hardware_concurrency()));
}
size_t Device::sharedBytesPerBlock() const {
  return properties ? properties->sharedBytesPerBlock : 0;
}
size_t Device::l2Bytes() const { return properties ? properties->l2Bytes : 0; }
int Device::driverVersion() const { return properties ? properties->driver->version : 0; }

Result<void *> Device::allocate(size_t bytes) const {
  if (!properties)
    return misuse("the cpu device has no memory of its own", "use the host's allocator");
  const Driver &driver = *properties->driver;
  ContextScope scope(driver, properties->context);
  if (!scope.status())
    return scope.status().error();
  RelaxedCaptureScope relaxed(driver);
  cuda::Address address = 0;
  if (Status status = driver.check(driver.memAlloc(&address, bytes ? bytes : 1),
                                   "allocate " + std::to_string(bytes) + " bytes on GPU " +
                                       std::to_string(properties->ordinal));
      !status)
    return status.error();
  return std::bit_cast<void *>(address);
}

void Device::release(void *pointer) const {
  if (!properties || !pointer)
    return;
  ContextScope scope(*properties->driver, properties->context);
  RelaxedCaptureScope relaxed(*properties->driver);
  properties->driver->memFree(cuda::Address(pointer));
}

namespace {
/// Runs `action` in the GPU's context and waits for it: a copy from pageable memory or a fill may
/// otherwise still be under way when a stream that does not wait for the default one reads it.
template <typename Action>
Status inContext(const std::shared_ptr<const Properties> &gpu, const char *what, Action action) {
  if (!gpu)
    return misuse("the cpu device has no memory of its own", "use the host's memory");
  ContextScope scope(*gpu->driver, gpu->context);
  if (!scope.status())
    return scope.status();
  RelaxedCaptureScope relaxed(*gpu->driver);
  cuda::Status status = action(*gpu->driver);
  if (status == cuda::success)
    status = gpu->driver->streamSynchronize(nullptr);
  return gpu->driver->check(status, what);
}
} // namespace

Status Device::upload(void *device, const void *host, size_t bytes) const {
  return inContext(properties, "copy to the GPU", [&](const Driver &driver) {
    return bytes ? driver.memcpyHtoD(cuda::Address(device), host, bytes) : cuda::success;
  });
}

Status Device::download(void *host, const void *device, size_t bytes) const {
  return inContext(properties, "copy from the GPU", [&](const Driver &driver) {
    return bytes ? driver.memcpyDtoH(host, cuda::Address(device), bytes) : cuda::success;
  });
}

Status Device::fill(void *device, unsigned char value, size_t bytes) const {
  return inContext(properties, "fill memory of the GPU", [&](const Driver &driver) {
    return bytes ? driver.memsetD8(cuda::Address(device), value, bytes) : cuda::success;
  });
}

Status Device::synchronize() const {
  if (!properties)
    return {};
  return inContext(properties, "wait for the GPU",
                   [](const Driver &driver) { return driver.ctxSynchronize(); });
}

} // namespace halftone
