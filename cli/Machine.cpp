#include "cli/Machine.h"

#include "cli/OptionValues.h"
#include "kernels/Build.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace halftone::cli {

Target bestTarget() {
  Device device = Device::current();
  if (device.isGpu())
    if (auto target = targetOf(device))
      return *target;
  return Target::cpu();
}

Result<Place> choosePlace(const std::string &name, int gpu) {
  if (name.empty()) {
    Device device = Device::current();
    if (gpu == 0 && !device.isGpu())
      return Place{Target::cpu(), Device::cpu()};
    auto wanted = Device::gpu(gpu);
    if (!wanted)
      return wanted.error();
    auto target = targetOf(*wanted);
    if (target)
      return Place{*target, *wanted};
    if (gpu == 0) // nobody asked for this GPU
      return Place{Target::cpu(), Device::cpu()};
    return target.error();
  }
  auto target = Target::parse(name);
  if (!target)
    return target.error();
  if (target->kind == Target::Kind::Cpu)
    return Place{*target, Device::cpu()};
  auto device = Device::gpu(gpu);
  if (!device) {
    Error error = device.error();
    error.message = fmt::format("target {} needs a GPU: {}", name, error.message);
    if (error.fix.empty())
      error.fix = "use --target cpu";
    return error;
  }
  if (device->computeCapability() < target->computeCapability)
    return Error{ErrorCode::NoDevice,
                 fmt::format("{} is of compute capability {}.{}, too old for {}", device->name(),
                             device->computeCapability() / 10, device->computeCapability() % 10,
                             name),
                 {},
                 "leave --target out to use the best one"};
  return Place{*target, *device};
}

void addTarget(CLI::App &app, std::string &name) {
  addText(app, "--target", name,
          fmt::format("One of {} (default: this machine's best)", fmt::join(Target::names(), ", ")))
      ->type_name("NAME");
}

Result<std::vector<Target>> parseTargets(std::string_view list) {
  std::vector<Target> targets;
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(',', begin), list.size());
    auto target = Target::parse(list.substr(begin, end - begin));
    if (!target)
      return target.error();
    targets.push_back(*target);
    begin = end + 1;
  }
  return targets;
}

} // namespace halftone::cli
