#pragma once

#include "dsl/BlockMask.h"

#include <vector>

namespace halftone::cli {

/// Runs of kept blocks by their length: entry i counts those of 2^i to 2^(i+1) - 1 blocks. Long
/// runs are what a kernel reads well; many short ones cost it a start each. Empty where nothing is
/// kept.
std::vector<int64_t> runLengths(const BlockMask &mask);

} // namespace halftone::cli
