#pragma once

#include "dsl/Error.h"
#include "runtime/CudaTypes.h"

#include <string_view>

namespace halftone {

/// The CUDA driver, opened only when a GPU is asked for: a program that uses Halftone starts on a
/// machine that has none. The members are the driver's own functions by their names in cuda.h less
/// the `cu`.
struct Driver {
  /// The driver of this process, opened and initialised at the first call; a NoDevice error says
  /// what is missing.
  static Result<const Driver *> get();

  /// The oldest driver that is used: 12000 for CUDA 12.0.
  static constexpr int oldestVersion = 12000;
  int version = 0;

  cuda::Status (*init)(unsigned flags);
  cuda::Status (*driverGetVersion)(int *version);
  cuda::Status (*getErrorName)(cuda::Status status, const char **name);
  cuda::Status (*getErrorString)(cuda::Status status, const char **text);

  cuda::Status (*deviceGetCount)(int *count);
  cuda::Status (*deviceGet)(cuda::DeviceNumber *device, int ordinal);
  cuda::Status (*deviceGetName)(char *name, int bytes, cuda::DeviceNumber device);
  cuda::Status (*deviceGetAttribute)(int *value, int attribute, cuda::DeviceNumber device);
  cuda::Status (*devicePrimaryCtxRetain)(cuda::Context *context, cuda::DeviceNumber device);
  cuda::Status (*devicePrimaryCtxRelease)(cuda::DeviceNumber device);

  cuda::Status (*ctxGetCurrent)(cuda::Context *context);
  cuda::Status (*ctxPushCurrent)(cuda::Context context);
  cuda::Status (*ctxPopCurrent)(cuda::Context *context);
  cuda::Status (*ctxSynchronize)();

  cuda::Status (*memAlloc)(cuda::Address *address, size_t bytes);
  cuda::Status (*memFree)(cuda::Address address);
  cuda::Status (*memGetInfo)(size_t *freeBytes, size_t *totalBytes);
  cuda::Status (*memcpyHtoD)(cuda::Address to, const void *from, size_t bytes);
  cuda::Status (*memcpyHtoDAsync)(cuda::Address to, const void *from, size_t bytes,
                                  cuda::Stream stream);
  cuda::Status (*memcpyDtoH)(void *to, cuda::Address from, size_t bytes);
  cuda::Status (*memsetD8)(cuda::Address to, unsigned char value, size_t bytes);

  cuda::Status (*moduleLoadDataEx)(cuda::Module *module, const void *image, unsigned optionCount,
                                   int *options, void **values);
  cuda::Status (*moduleUnload)(cuda::Module module);
  cuda::Status (*moduleGetFunction)(cuda::Function *function, cuda::Module module,
                                    const char *name);
  cuda::Status (*funcGetAttribute)(int *value, int attribute, cuda::Function function);
  cuda::Status (*funcSetAttribute)(cuda::Function function, int attribute, int value);
  cuda::Status (*launchKernel)(cuda::Function function, unsigned gridX, unsigned gridY,
                               unsigned gridZ, unsigned blockX, unsigned blockY, unsigned blockZ,
                               unsigned sharedBytes, cuda::Stream stream, void **parameters,
                               void **extra);
  cuda::Status (*tensorMapEncodeTiled)(void *map, int type, uint32_t rank, void *data,
                                       const uint64_t *dimensions, const uint64_t *strides,
                                       const uint32_t *box, const uint32_t *steps, int interleave,
                                       int swizzle, int promotion, int fill);

  cuda::Status (*streamCreate)(cuda::Stream *stream, unsigned flags);
  cuda::Status (*streamDestroy)(cuda::Stream stream);
  cuda::Status (*streamSynchronize)(cuda::Stream stream);
  cuda::Status (*streamIsCapturing)(cuda::Stream stream, int *capturing);
  cuda::Status (*streamBeginCapture)(cuda::Stream stream, int mode);
  cuda::Status (*streamEndCapture)(cuda::Stream stream, cuda::Graph *graph);
  cuda::Status (*threadExchangeStreamCaptureMode)(int *mode);
  cuda::Status (*eventCreate)(cuda::Event *event, unsigned flags);
  cuda::Status (*eventDestroy)(cuda::Event event);
  cuda::Status (*eventRecord)(cuda::Event event, cuda::Stream stream);
  cuda::Status (*eventSynchronize)(cuda::Event event);
  cuda::Status (*eventElapsedTime)(float *milliseconds, cuda::Event from, cuda::Event to);
  cuda::Status (*graphInstantiate)(cuda::GraphExec *exec, cuda::Graph graph,
                                   unsigned long long flags);
  cuda::Status (*graphLaunch)(cuda::GraphExec exec, cuda::Stream stream);
  cuda::Status (*graphExecDestroy)(cuda::GraphExec exec);
  cuda::Status (*graphDestroy)(cuda::Graph graph);

  /// `status` as an error about `action` ("launch the kernel"), with the driver's own words and,
  /// for the codes users meet, what to do.
  Error error(cuda::Status status, std::string_view action) const;
  /// The same, or success.
  Status check(cuda::Status status, std::string_view action) const {
    if (status == cuda::success)
      return {};
    return error(status, action);
  }
};

/// "12.4" for 12040.
std::string cudaVersionText(int version);

/// Makes `context` current on this thread for a scope. Costs one call where it already is.
class ContextScope {
public:
  ContextScope(const Driver &driver, cuda::Context context);
  ~ContextScope();
  ContextScope(const ContextScope &) = delete;
  ContextScope &operator=(const ContextScope &) = delete;
  /// Whether the context could be made current.
  const Status &status() const { return outcome; }

private:
  const Driver &driver;
  bool pushed = false;
  Status outcome;
};

/// Lets this thread allocate, copy and load code for a scope although another thread captures a
/// graph at the time.
class RelaxedCaptureScope {
public:
  explicit RelaxedCaptureScope(const Driver &driver);
  ~RelaxedCaptureScope();
  RelaxedCaptureScope(const RelaxedCaptureScope &) = delete;
  RelaxedCaptureScope &operator=(const RelaxedCaptureScope &) = delete;

private:
  const Driver &driver;
  int mode = cuda::captureRelaxed;
};

} // namespace halftone
