#pragma once

#include "cli/HostTensor.h"
#include "cli/SampledCheck.h"

namespace halftone::cli {

/// q and k whose attention falls off with the distance between frames and, inside a frame, with
/// that between places, as video models were seen to attend (Radial Attention, arXiv 2506.19852,
/// figure 4); v is random. Scores are about
///
///     a * exp(-|frames apart| / 1.5) + b * (exp(-|rows apart| / (H/8)) + exp(-|columns apart| /
///     (W/8))) / 2
///
/// and noise: a rises from 3 to 9 over the heads and b falls from 9 to 3, so that the first look at
/// their own place in all frames and the last around in their own frame. Text is neutral.
Inputs decayingInputs(const Problem &problem, AxisOrder order, uint64_t seed);

} // namespace halftone::cli
