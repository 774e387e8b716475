#pragma once

#include "dsl/Division.h"
#include "dsl/TileMap.h"

#include <vector>

namespace halftone {

/// Keys that some query attends to for sure: those of the full ranges of any query tile. It speaks
/// of whole chunks of `granule` keys, and costs as much as the ranges and the chunks are many.
class AttendedKeys {
public:
  /// Ranges begin at multiples of the granule and end at one or at the last key.
  AttendedKeys(int64_t granule, int64_t keyCount, std::span<const std::span<const KeyRange>> tiles);

  /// Whether every key of a range is one.
  bool holds(const KeyRange &range) const {
    return before[chunkOf(range.end + granule - 1)] == before[chunkOf(range.begin)];
  }
  /// Appends the pieces of a range of which every key is one, or no chunk is.
  void appendPieces(const KeyRange &range, bool attended, std::vector<KeyRange> &pieces) const;

private:
  size_t chunkOf(int64_t key) const { return size_t(byGranule.down(key)); }

  int64_t granule;
  Division byGranule;
  std::vector<uint32_t> before; ///< chunks before this one that are not attended to for sure
};

} // namespace halftone
