#pragma once

#include "autotune/ConfigurationStore.h"
#include "codegen/Target.h"
#include "runtime/Device.h"

namespace halftone {

/// A schedule for a problem on a device, and where it comes from.
struct TunedSchedule {
  Schedule schedule;
  bool isDefault = true; ///< defaultSchedule(), for want of a tuned one that fits
  /// One line: "tuned (user, 2026-11-24T18:45:00Z)"; "nearest (shipped, ...): heads is 40 here and
  /// 24 there"; "default schedule: not tuned: nothing is stored".
  std::string reason;

  /// What `store` has for `problem`, by code for `target` of a ptxas of `ptxasVersion`
  /// (Assembler::versionOn()): a result for launches that follow each other, else one for a flushed
  /// second-level cache (as `halftone tune --l2` makes them), else the nearest to the former. What
  /// the target refuses is not used. The problem must check().
  static TunedSchedule of(const Problem &problem, const Target &target, const Device &device,
                          const std::string &ptxasVersion, const ConfigurationStore &store);
  /// The same where the device is not at hand: what was found on whichever device is nearest.
  /// "tuned on NVIDIA H200 (shipped)"; "tuned on NVIDIA H200 (user); nearest: heads is 40 here and
  /// 24 there"; "default schedule: not tuned".
  static TunedSchedule onAnyDevice(const Problem &problem, const Target &target,
                                   const std::string &ptxasVersion,
                                   const ConfigurationStore &store);
};

} // namespace halftone
