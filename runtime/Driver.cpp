#include "runtime/Driver.h"

#include <dlfcn.h>

#include <string>

namespace halftone {
namespace {

Error noDevice(std::string message, std::string fix) {
  return {ErrorCode::NoDevice, std::move(message), {}, std::move(fix)};
}

/// Looks functions up by cuGetProcAddress, which gives the variant of the asked version whatever
/// the newest one is called.
class SymbolTable {
public:
  explicit SymbolTable(void *getProcAddress)
      : getProcAddress(reinterpret_cast<GetProcAddress>(getProcAddress)) {}

  template <typename Function> void find(Function &function, const char *name) {
    void *address = nullptr;
    int found = 0;
    if (getProcAddress(name, &address, Driver::oldestVersion, 0, &found) != cuda::success)
      address = nullptr;
    if (!address && missing.empty())
      missing = name;
    function = reinterpret_cast<Function>(address);
  }

  /// The first function that the driver lacks; empty if it has all.
  std::string missing;

private:
  using GetProcAddress = cuda::Status (*)(const char *name, void **address, int version,
                                          uint64_t flags, int *found);
  GetProcAddress getProcAddress;
};

void findAll(SymbolTable &table, Driver &driver) {
  table.find(driver.init, "cuInit");
  table.find(driver.driverGetVersion, "cuDriverGetVersion");
  table.find(driver.getErrorName, "cuGetErrorName");
  table.find(driver.getErrorString, "cuGetErrorString");
  table.find(driver.deviceGetCount, "cuDeviceGetCount");
  table.find(driver.deviceGet, "cuDeviceGet");
  table.find(driver.deviceGetName, "cuDeviceGetName");
  table.find(driver.deviceGetAttribute, "cuDeviceGetAttribute");
  table.find(driver.devicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain");
  table.find(driver.devicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease");
  table.find(driver.ctxGetCurrent, "cuCtxGetCurrent");
  table.find(driver.ctxPushCurrent, "cuCtxPushCurrent");
  table.find(driver.ctxPopCurrent, "cuCtxPopCurrent");
  table.find(driver.ctxSynchronize, "cuCtxSynchronize");
  table.find(driver.memAlloc, "cuMemAlloc");
  table.find(driver.memFree, "cuMemFree");
  table.find(driver.memGetInfo, "cuMemGetInfo");
  table.find(driver.memcpyHtoD, "cuMemcpyHtoD");
  table.find(driver.memcpyHtoDAsync, "cuMemcpyHtoDAsync");
  table.find(driver.memcpyDtoH, "cuMemcpyDtoH");
  table.find(driver.memsetD8, "cuMemsetD8");
  table.find(driver.moduleLoadDataEx, "cuModuleLoadDataEx");
  table.find(driver.moduleUnload, "cuModuleUnload");
  table.find(driver.moduleGetFunction, "cuModuleGetFunction");
  table.find(driver.funcGetAttribute, "cuFuncGetAttribute");
  table.find(driver.funcSetAttribute, "cuFuncSetAttribute");
  table.find(driver.launchKernel, "cuLaunchKernel");
  table.find(driver.tensorMapEncodeTiled, "cuTensorMapEncodeTiled");
  table.find(driver.streamCreate, "cuStreamCreate");
  table.find(driver.streamDestroy, "cuStreamDestroy");
  table.find(driver.streamSynchronize, "cuStreamSynchronize");
  table.find(driver.streamIsCapturing, "cuStreamIsCapturing");
  table.find(driver.streamBeginCapture, "cuStreamBeginCapture");
  table.find(driver.streamEndCapture, "cuStreamEndCapture");
  table.find(driver.threadExchangeStreamCaptureMode, "cuThreadExchangeStreamCaptureMode");
  table.find(driver.eventCreate, "cuEventCreate");
  table.find(driver.eventDestroy, "cuEventDestroy");
  table.find(driver.eventRecord, "cuEventRecord");
  table.find(driver.eventSynchronize, "cuEventSynchronize");
  table.find(driver.eventElapsedTime, "cuEventElapsedTime");
  table.find(driver.graphInstantiate, "cuGraphInstantiateWithFlags");
  table.find(driver.graphLaunch, "cuGraphLaunch");
  table.find(driver.graphExecDestroy, "cuGraphExecDestroy");
  table.find(driver.graphDestroy, "cuGraphDestroy");
}

Error tooOld(const std::string &found) {
  return noDevice("the NVIDIA driver is too old: " + found,
                  "install a driver for CUDA " + cudaVersionText(Driver::oldestVersion) +
                      " or newer, or use the cpu target");
}

Result<Driver> openDriver() {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return noDevice("there is no NVIDIA driver: libcuda.so.1 was not found",
                    "install the driver, or use the cpu target");
  // The library is never closed: the driver does not survive it.
  void *getProcAddress = dlsym(library, "cuGetProcAddress_v2");
  if (!getProcAddress)
    return tooOld("it has no cuGetProcAddress_v2");

  Driver driver;
  SymbolTable table(getProcAddress);
  findAll(table, driver);
  if (driver.driverGetVersion && driver.driverGetVersion(&driver.version) == cuda::success &&
      driver.version < Driver::oldestVersion)
    return tooOld("it is for CUDA " + cudaVersionText(driver.version));
  if (!table.missing.empty())
    return tooOld("it has no " + table.missing);

  cuda::Status status = driver.init(0);
  if (status == cuda::noDevice)
    return noDevice("there is no NVIDIA GPU: the driver finds none",
                    "check that the GPU is visible (nvidia-smi, CUDA_VISIBLE_DEVICES), or use the "
                    "cpu target");
  if (status != cuda::success)
    return driver.error(status, "start the NVIDIA driver");
  return driver;
}

/// What the user can do about `status`; empty where the driver's words must do.
std::string fixFor(const Driver &driver, cuda::Status status) {
  switch (status) {
  case cuda::outOfMemory:
    return "free memory on the GPU, or use a smaller problem";
  case cuda::noBinaryForGpu:
    return "compile for this GPU's architecture";
  case cuda::invalidImage:
    return "compile it again; where ptxas is newer than the driver, which is for CUDA " +
           cudaVersionText(driver.version) + ", update the driver";
  case cuda::invalidPtx:
    return "compile for this GPU's architecture, or install ptxas";
  case cuda::jitCompilerNotFound:
    return "install the driver's libnvidia-ptxjitcompiler, or install ptxas so that a cubin is "
           "made";
  case cuda::unsupportedPtxVersion:
    return "install ptxas so that a cubin is made, or a driver newer than CUDA " +
           cudaVersionText(driver.version);
  case cuda::systemDriverMismatch:
  case cuda::compatNotSupported:
    return "make the driver's kernel module and libcuda.so.1 the same version; reboot if the "
           "driver "
           "was just updated";
  case cuda::launchOutOfResources:
    return "use a schedule with fewer threads or less shared memory";
  default:
    return {};
  }
}

/// After these the context answers nothing but errors until the process ends.
bool losesContext(cuda::Status status) {
  return status == cuda::illegalAddress || status == cuda::launchTimeout ||
         (status >= cuda::assertFailed && status <= cuda::launchFailed) ||
         status == cuda::eccUncorrectable;
}

} // namespace

std::string cudaVersionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Result<const Driver *> Driver::get() {
  static const Result<Driver> opened = openDriver();
  if (!opened)
    return opened.error();
  return &*opened;
}

Error Driver::error(cuda::Status status, std::string_view action) const {
  const char *name = nullptr, *words = nullptr;
  if (getErrorName(status, &name) != cuda::success || !name)
    name = "an unknown error";
  if (getErrorString(status, &words) != cuda::success || !words)
    words = "no description";
  std::string message = "cannot ";
  message += action;
  if (status == cuda::outOfMemory) {
    message += ": the GPU is out of memory";
    size_t freeBytes = 0, totalBytes = 0;
    if (memGetInfo(&freeBytes, &totalBytes) == cuda::success)
      message += " (" + std::to_string(freeBytes >> 20) + " of " +
                 std::to_string(totalBytes >> 20) + " MiB are free)";
  } else if (status == cuda::unsupportedPtxVersion) {
    message += ": the PTX is newer than this driver, which is for CUDA " +
               cudaVersionText(version) + ", understands";
  } else {
    message += std::string(": ") + words + " (" + name + ", " + std::to_string(status) + ")";
  }
  std::string fix = fixFor(*this, status);
  if (losesContext(status))
    fix = "the GPU context of this process is lost: start a new process";
  ErrorCode code = status == cuda::outOfMemory ? ErrorCode::Unsupported : ErrorCode::NoDevice;
  if (status == cuda::invalidPtx || status == cuda::jitCompilerNotFound ||
      status == cuda::unsupportedPtxVersion)
    code = ErrorCode::CompileFailed;
  else if (status == cuda::noBinaryForGpu || status == cuda::invalidImage ||
           status == cuda::launchOutOfResources)
    code = ErrorCode::Unsupported;
  return {code, std::move(message), {}, std::move(fix)};
}

ContextScope::ContextScope(const Driver &driver, cuda::Context context) : driver(driver) {
  cuda::Context current = nullptr;
  if (driver.ctxGetCurrent(&current) == cuda::success && current == context)
    return;
  cuda::Status status = driver.ctxPushCurrent(context);
  pushed = status == cuda::success;
  outcome = driver.check(status, "use the GPU's context");
}

ContextScope::~ContextScope() {
  cuda::Context popped = nullptr;
  if (pushed)
    driver.ctxPopCurrent(&popped);
}

RelaxedCaptureScope::RelaxedCaptureScope(const Driver &driver) : driver(driver) {
  driver.threadExchangeStreamCaptureMode(&mode);
}

RelaxedCaptureScope::~RelaxedCaptureScope() { driver.threadExchangeStreamCaptureMode(&mode); }

} // namespace halftone
