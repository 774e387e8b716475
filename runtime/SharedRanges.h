#pragma once

#include "dsl/Division.h"
#include "dsl/TileMap.h"

#include <span>
#include <vector>

namespace halftone {

/// Keys that two query tiles both keep in full: what the two blocks of a cluster copy once. Ranges
/// are cut into chunks of `granule` keys, as in GatheredStages.
class SharedRanges {
public:
  explicit SharedRanges(int64_t granule) : granule(granule), byGranule(granule) {}

  /// Finds the whole chunks that lie in full ranges of both. Ranges are sorted.
  void find(std::span<const KeyRange> a, std::span<const KeyRange> b);
  /// Leaves the first so many chunks.
  void shorten(int64_t count);
  int64_t chunks() const;
  std::span<const KeyRange> ranges() const { return found; }

  /// The ranges of one of the two without the keys that are shared, until the next call.
  std::span<const KeyRange> without(std::span<const KeyRange> ranges);

private:
  int64_t granule;
  Division byGranule;
  std::vector<KeyRange> found, rest;
};

} // namespace halftone
