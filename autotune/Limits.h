#pragma once

#include "codegen/Target.h"

#include <optional>

namespace halftone {

/// What a schedule asks too much of.
enum class Limit : uint8_t {
  Shape,        ///< sizes that the instructions, the copies or the fields do not have
  SharedMemory, ///< of a block
  Registers,    ///< of a thread
  Target,       ///< nothing of this schedule can run this problem here
};
std::string_view limitName(Limit limit); ///< "shape", "sharedMemory", "registers", "target"

/// Why a schedule is not tried: a fact about it, not an error.
struct Rejection {
  Limit limit = Limit::Shape;
  std::string reason; ///< one sentence
};

/// What speaks against a schedule: what codegen's checkSchedule refuses, and, on mma, accumulators
/// that would spill most of themselves. Nothing: it is worth trying.
std::optional<Rejection> rejection(const Problem &problem, const Schedule &schedule,
                                   const Target &target);

} // namespace halftone
