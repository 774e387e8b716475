#pragma once

#include "dsl/Problem.h"
#include "dsl/Schedule.h"

#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// What code is generated for, and its limits.
struct Target {
  enum class Kind : uint8_t {
    Cpu,
    Mma, ///< sm_80 and up, by mma.sync
    Hop, ///< sm_90a: Hopper's own TMA and wgmma
  };
  Kind kind = Kind::Cpu;
  std::string name = "cpu";  ///< "cpu", "sm_80", "sm_86", "sm_89", "sm_90", "sm_90a", "sm_120"
  int computeCapability = 0; ///< 80, 86, ...; 0 for the CPU
  int64_t sharedBytes = 0;   ///< dynamic shared memory a block may have
  int maxThreads = 0;

  bool isGpu() const { return kind != Kind::Cpu; }

  static Target cpu();
  /// An unknown name is Unsupported and lists the known ones.
  static Result<Target> parse(std::string_view name);
  static std::vector<std::string> names();
};

/// The schedule that always works for this problem on this target.
Schedule defaultSchedule(const Problem &problem, const Target &target);

/// Whether `target` can run `problem` with `schedule`; the error says what does not fit and the
/// nearest value that would.
Status checkSchedule(const Problem &problem, const Schedule &schedule, const Target &target);

} // namespace halftone
