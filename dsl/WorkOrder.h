#pragma once

#include "dsl/Layout.h"

namespace halftone {

/// The order in which tiles are handed to the machine. It never changes the result.
enum class WorkOrder : uint8_t {
  Natural,      ///< head by head, query tiles in order
  LongFirst,    ///< rows longer than 1.5 times the mean first, then natural
  LongestFirst, ///< by length, all heads together
  AcrossFrames, ///< as LongFirst, but of each head band by band, each across all frames
};

/// Into how many bands of consecutive places AcrossFrames parts a frame; 1: it is LongFirst.
///
/// Queries at one place of all frames keep keys around that place of most frames, so that the keys
/// of a band stay in the second-level cache; what a query keeps of the frames beside its own does
/// not, and is read once a band. Half the square root of the frames gave the least traffic in a
/// model of an H200's cache, for radial masks of 21 to 128 frames, and no band is narrower than 512
/// places, a few tiles.
int64_t bandsAcrossFrames(const Layout &queries);

/// The band of a token; text after the frames is in the last one.
int64_t bandOfToken(const Layout &queries, int64_t bands, int64_t token);

} // namespace halftone
