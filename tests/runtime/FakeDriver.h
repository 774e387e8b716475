#pragma once

#include "runtime/Arguments.h"
#include "runtime/CudaTypes.h"

#include <string>
#include <vector>

/// A CUDA driver for a machine that has none: memory of the host, code that is not run, every call
/// counted. The test's program finds it as libcuda.so.1 and steers it through fakeDriverState().
///
/// HALFTONE_FAKE_DRIVER chooses its kind when it is opened: "old" (CUDA 11.8), "incomplete" (lacks
/// cuLaunchKernel), "no-gpu", "mismatch" (the kernel module is of another version), "old-gpu"
/// (sm_75); otherwise H100s, one unless `gpus` says more.
struct FakeDriverState {
  int gpus = 1;
  int capability = 90;
  int sharedOptIn = 232448;
  int localBytes = 0;                    ///< what funcGetAttribute says
  halftone::cuda::Status loadStatus = 0; ///< what moduleLoadDataEx answers
  std::string loadLog;
  halftone::cuda::Status allocateStatus = 0;
  halftone::cuda::Status launchStatus = 0;

  int liveAllocations = 0, liveModules = 0, liveStreams = 0, contexts = 0;
  int moduleLoads = 0;
  int calls = 0; ///< of any function but the launch and those that look at the current context
  int maxDynamicShared = 0;
  int parameters = 1; ///< of a launch: the arguments, or those and five tensor maps

  /// What tensorMapEncodeTiled was asked for; the number of the call is the map that it makes.
  struct TensorMap {
    int type, interleave, swizzle, promotion, fill;
    void *data;
    std::vector<uint64_t> dimensions, strides;
    std::vector<uint32_t> box, steps;
  };
  std::vector<TensorMap> tensorMaps;
  halftone::cuda::Status encodeStatus = 0;

  struct Launch {
    unsigned grid[3], block[3], sharedBytes;
    halftone::cuda::Stream stream;
    halftone::KernelArguments arguments;
    std::vector<size_t> tensorMaps; ///< positions in `tensorMaps` of the state
  };
  std::vector<Launch> launches;
};

extern "C" FakeDriverState *fakeDriverState();
