#include "runtime/DevicePlan.h"

#include <cstring>

namespace halftone {
namespace {

/// Parts begin on lines of the GPU's cache.
constexpr size_t partAlignment = 256;

template <typename Value> size_t append(std::vector<char> &bytes, const std::vector<Value> &part) {
  size_t offset = (bytes.size() + partAlignment - 1) / partAlignment * partAlignment;
  // At least one value, so that every pointer of the arguments may be read from.
  size_t partBytes = std::max<size_t>(part.size(), 1) * sizeof(Value);
  bytes.resize(offset + partBytes);
  if (!part.empty())
    std::memcpy(bytes.data() + offset, part.data(), part.size() * sizeof(Value));
  return offset;
}

/// Copies on a stream of its own: it waits for no other work, and is allowed while another thread
/// captures a graph.
Status copy(const Device::Properties &gpu, void *to, const std::vector<char> &bytes) {
  const Driver &driver = *gpu.driver;
  ContextScope scope(driver, gpu.context);
  if (!scope.status())
    return scope.status();
  RelaxedCaptureScope relaxed(driver);
  cuda::Stream stream = nullptr;
  cuda::Status status = driver.streamCreate(&stream, cuda::streamNonBlocking);
  if (status == cuda::success)
    status = driver.memcpyHtoDAsync(cuda::Address(to), bytes.data(), bytes.size(), stream);
  if (status == cuda::success)
    status = driver.streamSynchronize(stream);
  if (stream)
    driver.streamDestroy(stream);
  return driver.check(status, "copy the plan to the GPU");
}

} // namespace

Result<std::shared_ptr<const DevicePlan>> DevicePlan::upload(const Plan &plan,
                                                             const Device &device) {
  std::shared_ptr<DevicePlan> uploaded(new DevicePlan(device));
  std::vector<char> bytes;
  bytes.reserve(plan.bytes() + 5 * (partAlignment + sizeof(int64_t)));
  append(bytes, plan.work);
  uploaded->stages = append(bytes, plan.stages);
  uploaded->constants = append(bytes, plan.constants);
  uploaded->tables = append(bytes, plan.tables);
  uploaded->slopes = append(bytes, plan.slopes);
  uploaded->size = bytes.size();
  Result<void *> memory = device.allocate(bytes.size());
  if (!memory)
    return memory.error();
  uploaded->memory = *memory;
  if (Status status = copy(*device.details(), *memory, bytes); !status)
    return status.error();
  return std::shared_ptr<const DevicePlan>(std::move(uploaded));
}

void DevicePlan::pointTo(KernelArguments &arguments) const {
  const char *start = static_cast<const char *>(memory);
  arguments.work = reinterpret_cast<const WorkItem *>(start);
  arguments.stages = reinterpret_cast<const uint32_t *>(start + stages);
  arguments.constants = reinterpret_cast<const int64_t *>(start + constants);
  arguments.tables = reinterpret_cast<const int32_t *>(start + tables);
  arguments.slopes = reinterpret_cast<const float *>(start + slopes);
}

} // namespace halftone
