#pragma once

#include "dsl/Layout.h"

#include <array>

namespace halftone {

/// Consecutive tokens that share their segment, whether they are text, and their frame (or, where
/// frames are too short to be told apart, are all of the video).
struct Zone {
  int64_t begin = 0, end = 0;
  int64_t place = 0;    ///< of the first token; 0 where frame is not known
  int64_t frame = -1;   ///< -1: several frames
  int64_t segment = -1; ///< -1: several segments
  bool isText = false;

  int64_t length() const { return end - begin; }
};

struct ZoneCuts {
  bool frames = true, segments = true;
};
std::vector<Zone> cutZones(const Layout &layout, ZoneCuts cuts);

/// Least and greatest value of each coordinate over some tokens.
struct CoordinateRange {
  int64_t low = 0, high = 0;
};
using CoordinateRanges = std::array<CoordinateRange, 7>;

/// Over the tokens [begin, end), all text or all not.
CoordinateRanges rangesOfTokens(const Layout &layout, int64_t begin, int64_t end);
/// Over consecutive zones.
CoordinateRanges rangesOfZones(const Layout &layout, const Zone *first, const Zone *last);

} // namespace halftone
