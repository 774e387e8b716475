#pragma once

#include "dsl/BlockMask.h"

#include <vector>

namespace halftone::cli {

/// How much of the video is kept at each distance between frames, 0 and up: the part of the token
/// pairs of frames that far apart that lies in kept blocks. Text is left out. Empty for a layout
/// that is not a video of several frames.
std::vector<double> densityByFrameDistance(const BlockMask &mask, const Layout &query,
                                           const Layout &key);

} // namespace halftone::cli
