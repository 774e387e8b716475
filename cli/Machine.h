#pragma once

#include "codegen/Target.h"
#include "runtime/Device.h"

#include <CLI/CLI.hpp>

namespace halftone::cli {

/// A target, and the device of this machine that runs it.
struct Place {
  Target target;
  Device device;
};

/// The target called `name`, or, when it is empty, the best one of this machine; with a device for
/// it. No such device here is a NoDevice error.
Result<Place> choosePlace(const std::string &name, int gpu);

/// The target that this machine's best device runs, without asking for a device.
Target bestTarget();

/// Declares --target, which choosePlace() takes.
void addTarget(CLI::App &app, std::string &name);

/// Targets of a comma-separated list.
Result<std::vector<Target>> parseTargets(std::string_view list);

} // namespace halftone::cli
