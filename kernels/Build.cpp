#include "kernels/Build.h"

#include "kernels/KernelCache.h"

#include <optional>

namespace halftone {

Result<Target> targetOf(const Device &device) {
  if (!device.isGpu())
    return Target::cpu();
  std::optional<Target> best;
  for (const std::string &name : Target::names()) {
    Result<Target> target = Target::parse(name);
    // Features with an 'a' are of exactly one architecture; there they are the fastest.
    if (target && target->isGpu() &&
        (target->kind == Target::Kind::Hop
             ? target->computeCapability == device.computeCapability()
             : target->computeCapability <= device.computeCapability()) &&
        (!best || target->computeCapability >= best->computeCapability))
      best = *target;
  }
  if (!best)
    return Error{ErrorCode::NoDevice,
                 device.name() + " has compute capability " +
                     std::to_string(device.computeCapability() / 10) + "." +
                     std::to_string(device.computeCapability() % 10) + ", older than any target",
                 {},
                 "use a GPU of compute capability 8.0 or later, or the CPU"};
  return *best;
}

Result<Kernel> build(const Problem &problem, const Device &device) {
  Result<KernelCache::MadePointer> made = KernelCache::ofThisProcess().build(problem, device);
  if (!made)
    return made.error();
  return (*made)->kernel;
}

} // namespace halftone
