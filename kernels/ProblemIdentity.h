#pragma once

#include "dsl/Problem.h"

namespace halftone {

/// Whether two problems have the same text, names and places in the source aside, without writing
/// it. Two patterns are walked when they meet for the first time, 20 nanoseconds a node; what was
/// found is remembered for some hundred patterns as long as they live.
bool sameProblem(const Problem &a, const Problem &b);

/// Equal for the same problems; of this process alone.
size_t hashOf(const Problem &problem);

/// Whether a mistake was made in building it, which check() reports.
bool hasMistake(const Problem &problem);

} // namespace halftone
