#pragma once

#include "runtime/Kernel.h"

namespace halftone {

/// From a problem to something to call, with the schedule that `halftone tune` found for it on
/// `device`, or the nearest result, or the one that always works; `reason`, if not null, gets which
/// and why in one line (kernels/TunedSchedule.h). It never tunes.
///
/// The same problem again costs a microsecond or two and touches neither file nor driver, also
/// while a CUDA graph is captured: kernels/KernelCache.h says what is kept, what holds during a
/// capture, and how to go without. Thread-safe.
Result<Kernel> tuned(const Problem &problem, const Device &device = Device::current(),
                     std::string *reason = nullptr);

} // namespace halftone
