#pragma once

#include "autotune/Trial.h"
#include "runtime/Device.h"

namespace halftone {

/// What an error means for a candidate, by the number that the driver now answers with: after some
/// errors it answers every call with the same one, and the process must be replaced (`lost`).
struct GpuFault {
  Verdict verdict = Verdict::LaunchFailed;
  bool lost = false;
};
GpuFault gpuFault(const Device &device, const Error &error);

/// The same from the number alone; 0: the driver has no lasting error.
GpuFault gpuFaultOf(int driverStatus, const Error &error);

} // namespace halftone
