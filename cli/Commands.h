#pragma once

#include "cli/Console.h"

#include <CLI/CLI.hpp>

#include <functional>

namespace halftone::cli {

/// What a command does once its options are read; gives the exit code.
using Action = std::function<Result<int>(Console &)>;

// Each declares the options, the description and the examples of one command on `app`.
Action addMaskCommand(CLI::App &app);
Action addCompileCommand(CLI::App &app);
Action addTuneCommand(CLI::App &app);
Action addRunCommand(CLI::App &app);
Action addBenchCommand(CLI::App &app);
Action addDoctorCommand(CLI::App &app);
Action addDemoCommand(CLI::App &app);
Action addCacheCommand(CLI::App &app);

} // namespace halftone::cli
