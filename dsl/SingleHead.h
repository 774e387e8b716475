#pragma once

#include "dsl/Problem.h"

namespace halftone {

/// The problem that one head of one batch element is: its pattern without head and batch.
Problem singleHead(const Problem &problem, int64_t batch, int64_t head);

} // namespace halftone
