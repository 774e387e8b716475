#pragma once

#include "dsl/Layout.h"

#include <string>
#include <string_view>

namespace halftone {

/// The bucket of a size: all but its three leading binary digits cleared. Sizes of one bucket are
/// within 25 % of each other: 1..7, 8-9, 10-11, 12-13, 14-15, 16-19, 20-23, ...
int64_t sizeBucket(int64_t size);

/// What of a layout decides about a schedule, in buckets, as one line:
/// "frames=20 tokensPerFrame=3584 text=0", "segments=4 tokens=4096". Frame count and tokens of a
/// frame are kept apart: two clips of as many tokens have other masks.
std::string shapeBucket(const Layout &layout);

/// Sum over the sizes of two buckets of |log2 ratio|; infinity for buckets of two kinds.
double bucketDistance(std::string_view a, std::string_view b);

} // namespace halftone
