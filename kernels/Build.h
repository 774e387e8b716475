#pragma once

#include "codegen/Target.h"
#include "runtime/Kernel.h"

namespace halftone {

/// The target whose code a device runs: the GPU's own architecture, or the newest known one before
/// it.
Result<Target> targetOf(const Device &device);

/// From a problem to something to call: compiled for `device` with the schedule that always works
/// there, loaded and planned; or the kernel that was made before, since both it and its code are
/// kept (kernels/KernelCache.h). tuned() takes the fastest schedule that is known instead.
Result<Kernel> build(const Problem &problem, const Device &device = Device::current());

} // namespace halftone
