#pragma once

#include "autotune/ConfigurationStore.h"
#include "codegen/Target.h"

namespace halftone::cli {

/// A schedule, and where it comes from, in a few words: "tuned on NVIDIA H200 (shipped)", "nearest:
/// heads is 40 here and 24 there", "default: not tuned".
struct ChosenSchedule {
  Schedule schedule;
  std::string origin;
};

/// The schedule that was found best for `problem` on any device that `target` is for, or nearest to
/// it, where the store has one that still checks; else the default. For code that is compiled where
/// its GPU is not.
ChosenSchedule storedSchedule(const ConfigurationStore &store, const Problem &problem,
                              const Target &target, const std::string &ptxasVersion);

} // namespace halftone::cli
