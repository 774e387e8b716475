#include "FakeDriver.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

using namespace halftone;

static FakeDriverState state;
static std::mutex launchMutex; ///< of what launches and encoded maps leave behind
static thread_local std::vector<cuda::Context> contextStack;
static const auto theContext = reinterpret_cast<cuda::Context>(&state);

extern "C" __attribute__((visibility("default"))) FakeDriverState *fakeDriverState() {
  return &state;
}

static bool isKind(const char *kind) {
  const char *wanted = std::getenv("HALFTONE_FAKE_DRIVER");
  return wanted && std::strcmp(wanted, kind) == 0;
}

namespace {

/// Counts a call and succeeds.
cuda::Status done() {
  ++state.calls;
  return cuda::success;
}

cuda::Status init(unsigned) {
  return isKind("no-gpu")     ? cuda::noDevice
         : isKind("mismatch") ? cuda::systemDriverMismatch
                              : done();
}
cuda::Status driverGetVersion(int *version) {
  *version = isKind("old") ? 11080 : 12040;
  return done();
}
cuda::Status getErrorName(cuda::Status, const char **name) {
  *name = "CUDA_ERROR_FAKE";
  return cuda::success;
}
cuda::Status getErrorString(cuda::Status, const char **text) {
  *text = "the fake driver said so";
  return cuda::success;
}
cuda::Status deviceGetCount(int *count) {
  *count = state.gpus;
  return done();
}
cuda::Status deviceGet(cuda::DeviceNumber *device, int ordinal) {
  *device = ordinal;
  return done();
}
cuda::Status deviceGetName(char *name, int bytes, cuda::DeviceNumber) {
  std::strncpy(name, "Fake H100", size_t(bytes));
  return done();
}
cuda::Status deviceGetAttribute(int *value, int attribute, cuda::DeviceNumber) {
  int capability = isKind("old-gpu") ? 75 : state.capability;
  *value = attribute == cuda::attributeMajor             ? capability / 10
           : attribute == cuda::attributeMinor           ? capability % 10
           : attribute == cuda::attributeMultiprocessors ? 132
           : attribute == cuda::attributeSharedOptIn     ? state.sharedOptIn
           : attribute == cuda::attributeL2Bytes         ? 50 << 20
                                                         : -1;
  return done();
}
cuda::Status primaryRetain(cuda::Context *context, cuda::DeviceNumber) {
  *context = theContext;
  ++state.contexts;
  return done();
}
cuda::Status primaryRelease(cuda::DeviceNumber) {
  --state.contexts;
  return done();
}
cuda::Status ctxGetCurrent(cuda::Context *context) {
  *context = contextStack.empty() ? nullptr : contextStack.back();
  return cuda::success;
}
cuda::Status ctxPushCurrent(cuda::Context context) {
  contextStack.push_back(context);
  return cuda::success;
}
cuda::Status ctxPopCurrent(cuda::Context *context) {
  *context = contextStack.back();
  contextStack.pop_back();
  return cuda::success;
}
cuda::Status ctxSynchronize() { return done(); }

cuda::Status memAlloc(cuda::Address *address, size_t bytes) {
  if (contextStack.empty())
    return cuda::notInitialized;
  if (state.allocateStatus)
    return state.allocateStatus;
  *address = cuda::Address(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
  ++state.liveAllocations;
  return done();
}
cuda::Status memFree(cuda::Address address) {
  std::free(reinterpret_cast<void *>(address));
  --state.liveAllocations;
  return done();
}
cuda::Status memGetInfo(size_t *freeBytes, size_t *totalBytes) {
  *freeBytes = size_t(5) << 20;
  *totalBytes = size_t(81920) << 20;
  return done();
}
cuda::Status memcpyHtoD(cuda::Address to, const void *from, size_t bytes) {
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return done();
}
cuda::Status memcpyHtoDAsync(cuda::Address to, const void *from, size_t bytes, cuda::Stream) {
  return memcpyHtoD(to, from, bytes);
}
cuda::Status memcpyDtoH(void *to, cuda::Address from, size_t bytes) {
  std::memcpy(to, reinterpret_cast<const void *>(from), bytes);
  return done();
}
cuda::Status memsetD8(cuda::Address to, unsigned char value, size_t bytes) {
  std::memset(reinterpret_cast<void *>(to), value, bytes);
  return done();
}

cuda::Status moduleLoadDataEx(cuda::Module *module, const void *, unsigned count, int *options,
                              void **values) {
  if (state.loadStatus) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == cuda::jitErrorLogBuffer)
        std::strcpy(static_cast<char *>(values[i]), state.loadLog.c_str());
    return state.loadStatus;
  }
  *module = reinterpret_cast<cuda::Module>(&state.moduleLoads);
  ++state.moduleLoads;
  ++state.liveModules;
  return done();
}
cuda::Status moduleUnload(cuda::Module) {
  --state.liveModules;
  return done();
}
cuda::Status moduleGetFunction(cuda::Function *function, cuda::Module, const char *name) {
  if (std::strcmp(name, "missing") == 0)
    return cuda::notFound;
  *function = reinterpret_cast<cuda::Function>(&state.launches);
  return done();
}
cuda::Status funcGetAttribute(int *value, int attribute, cuda::Function) {
  *value = attribute == cuda::functionLocalBytes ? state.localBytes : 0;
  return done();
}
cuda::Status funcSetAttribute(cuda::Function, int attribute, int value) {
  if (attribute == cuda::functionMaxDynamicShared)
    state.maxDynamicShared = value;
  return done();
}
cuda::Status launchKernel(cuda::Function, unsigned gridX, unsigned gridY, unsigned gridZ,
                          unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
                          cuda::Stream stream, void **parameters, void **) {
  if (contextStack.empty())
    return cuda::notInitialized;
  if (state.launchStatus)
    return state.launchStatus;
  std::lock_guard lock(launchMutex);
  FakeDriverState::Launch launch{
      {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes, stream, {}, {}};
  std::memcpy(&launch.arguments, parameters[0], sizeof(KernelArguments));
  for (int i = 1; i < state.parameters; ++i) {
    size_t number = 0;
    std::memcpy(&number, parameters[i], sizeof(number));
    launch.tensorMaps.push_back(number);
  }
  state.launches.push_back(launch);
  return cuda::success;
}

/// Refuses what cuda.h says that the driver refuses.
cuda::Status tensorMapEncodeTiled(void *map, int type, uint32_t rank, void *data,
                                  const uint64_t *dimensions, const uint64_t *strides,
                                  const uint32_t *box, const uint32_t *steps, int interleave,
                                  int swizzle, int promotion, int fill) {
  if (state.encodeStatus)
    return state.encodeStatus;
  std::lock_guard lock(launchMutex);
  auto aligned = [](const void *pointer, uintptr_t to) {
    return reinterpret_cast<uintptr_t>(pointer) % to == 0;
  };
  bool valid = rank >= 1 && rank <= 5 && aligned(map, 64) && aligned(data, 16);
  for (uint32_t i = 0; i < rank; ++i)
    valid &= dimensions[i] > 0 && dimensions[i] <= uint64_t{1} << 32 && box[i] > 0 &&
             box[i] <= 256 && steps[i] > 0 && steps[i] <= 8;
  for (uint32_t i = 0; i + 1 < rank; ++i)
    valid &= strides[i] % 16 == 0 && strides[i] < uint64_t{1} << 40;
  if (!valid)
    return cuda::invalidValue;
  size_t number = state.tensorMaps.size();
  state.tensorMaps.push_back({type,
                              interleave,
                              swizzle,
                              promotion,
                              fill,
                              data,
                              {dimensions, dimensions + rank},
                              {strides, strides + rank - 1},
                              {box, box + rank},
                              {steps, steps + rank}});
  std::memset(map, 0xff, 128);
  std::memcpy(map, &number, sizeof(number));
  return cuda::success;
}

cuda::Status streamCreate(cuda::Stream *stream, unsigned) {
  *stream = reinterpret_cast<cuda::Stream>(&state.liveStreams);
  ++state.liveStreams;
  return done();
}
cuda::Status streamDestroy(cuda::Stream) {
  --state.liveStreams;
  return done();
}
cuda::Status onStream(cuda::Stream) { return done(); }
cuda::Status isCapturing(cuda::Stream, int *capturing) {
  *capturing = 0;
  return done();
}
cuda::Status beginCapture(cuda::Stream, int) { return done(); }
cuda::Status endCapture(cuda::Stream, cuda::Graph *) { return done(); }
cuda::Status exchangeMode(int *) { return cuda::success; }
cuda::Status eventCreate(cuda::Event *, unsigned) { return done(); }
cuda::Status onEvent(cuda::Event) { return done(); }
cuda::Status eventRecord(cuda::Event, cuda::Stream) { return done(); }
cuda::Status elapsed(float *milliseconds, cuda::Event, cuda::Event) {
  *milliseconds = 2.5;
  return done();
}
cuda::Status instantiate(cuda::GraphExec *, cuda::Graph, unsigned long long) { return done(); }
cuda::Status graphLaunch(cuda::GraphExec, cuda::Stream) { return done(); }
cuda::Status execDestroy(cuda::GraphExec) { return done(); }
cuda::Status graphDestroy(cuda::Graph) { return done(); }

template <typename Function> void *address(Function *function) {
  return reinterpret_cast<void *>(function);
}

} // namespace

extern "C" __attribute__((visibility("default"))) cuda::Status
cuGetProcAddress_v2(const char *name, void **found, int version, uint64_t, int *) {
  static const std::map<std::string, void *> functions{
      {"cuInit", address(init)},
      {"cuDriverGetVersion", address(driverGetVersion)},
      {"cuGetErrorName", address(getErrorName)},
      {"cuGetErrorString", address(getErrorString)},
      {"cuDeviceGetCount", address(deviceGetCount)},
      {"cuDeviceGet", address(deviceGet)},
      {"cuDeviceGetName", address(deviceGetName)},
      {"cuDeviceGetAttribute", address(deviceGetAttribute)},
      {"cuDevicePrimaryCtxRetain", address(primaryRetain)},
      {"cuDevicePrimaryCtxRelease", address(primaryRelease)},
      {"cuCtxGetCurrent", address(ctxGetCurrent)},
      {"cuCtxPushCurrent", address(ctxPushCurrent)},
      {"cuCtxPopCurrent", address(ctxPopCurrent)},
      {"cuCtxSynchronize", address(ctxSynchronize)},
      {"cuMemAlloc", address(memAlloc)},
      {"cuMemFree", address(memFree)},
      {"cuMemGetInfo", address(memGetInfo)},
      {"cuMemcpyHtoD", address(memcpyHtoD)},
      {"cuMemcpyHtoDAsync", address(memcpyHtoDAsync)},
      {"cuMemcpyDtoH", address(memcpyDtoH)},
      {"cuMemsetD8", address(memsetD8)},
      {"cuModuleLoadDataEx", address(moduleLoadDataEx)},
      {"cuModuleUnload", address(moduleUnload)},
      {"cuModuleGetFunction", address(moduleGetFunction)},
      {"cuFuncGetAttribute", address(funcGetAttribute)},
      {"cuFuncSetAttribute", address(funcSetAttribute)},
      {"cuLaunchKernel", address(launchKernel)},
      {"cuTensorMapEncodeTiled", address(tensorMapEncodeTiled)},
      {"cuStreamCreate", address(streamCreate)},
      {"cuStreamDestroy", address(streamDestroy)},
      {"cuStreamSynchronize", address(onStream)},
      {"cuStreamIsCapturing", address(isCapturing)},
      {"cuStreamBeginCapture", address(beginCapture)},
      {"cuStreamEndCapture", address(endCapture)},
      {"cuThreadExchangeStreamCaptureMode", address(exchangeMode)},
      {"cuEventCreate", address(eventCreate)},
      {"cuEventDestroy", address(onEvent)},
      {"cuEventRecord", address(eventRecord)},
      {"cuEventSynchronize", address(onEvent)},
      {"cuEventElapsedTime", address(elapsed)},
      {"cuGraphInstantiateWithFlags", address(instantiate)},
      {"cuGraphLaunch", address(graphLaunch)},
      {"cuGraphExecDestroy", address(execDestroy)},
      {"cuGraphDestroy", address(graphDestroy)},
  };
  auto entry = functions.find(name);
  if (version != 12000 || entry == functions.end() ||
      (isKind("incomplete") && entry->first == "cuLaunchKernel"))
    return cuda::notFound;
  *found = entry->second;
  return cuda::success;
}
