#include "kernels/Build.h"

#include "codegen/Compile.h"

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
  Result<Target> target = targetOf(device);
  if (!target)
    return target.error();
  // Code of an older architecture runs on a newer GPU only as PTX, which the driver compiles.
  CompileOptions options;
  if (device.isGpu() && target->computeCapability != device.computeCapability())
    options.ptxas = "none";
  Result<Compiled> compiled = compile(problem, defaultSchedule(problem, *target), *target, options);
  if (!compiled)
    return compiled.error();
  if (!device.isGpu())
    return Kernel::onCpu(compiled->image, problem, compiled->cpuEntry, compiled->keepAlive);
  return Kernel::load(compiled->image, problem, device);
}

} // namespace halftone
