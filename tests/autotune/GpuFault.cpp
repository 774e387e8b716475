#include "autotune/GpuFault.h"

#include <doctest/doctest.h>

using namespace halftone;

TEST_CASE("what the driver's numbers mean for a candidate") {
  Error plain{ErrorCode::Internal, "cannot launch the kernel", {}, {}};
  // In the words of the driver's errors.
  Error memory{ErrorCode::Unsupported,
               "cannot allocate 4096 bytes: the GPU is out of memory (0 of 143771 MiB are free)",
               {},
               {}};
  struct Case {
    int number;
    Verdict verdict;
    bool lost;
  };
  for (auto [number, verdict, lost] : {Case{0, Verdict::LaunchFailed, false},
                                       {2, Verdict::OutOfMemory, false},
                                       {700, Verdict::IllegalAddress, true},
                                       {702, Verdict::Hang, true},
                                       {710, Verdict::Assert, true},
                                       {714, Verdict::LaunchFailed, true},
                                       {715, Verdict::LaunchFailed, true},
                                       {716, Verdict::Misaligned, true},
                                       {717, Verdict::IllegalAddress, true},
                                       {718, Verdict::LaunchFailed, true},
                                       {719, Verdict::LaunchFailed, true},
                                       {214, Verdict::LaunchFailed, true}}) {
    CAPTURE(number);
    GpuFault fault = gpuFaultOf(number, plain);
    CHECK(verdictName(fault.verdict) == verdictName(verdict));
    CHECK(fault.lost == lost);
  }
  CHECK(gpuFaultOf(0, memory).verdict == Verdict::OutOfMemory);
}
