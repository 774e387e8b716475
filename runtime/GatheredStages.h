#pragma once

#include "dsl/TileMap.h"

#include <cstdint>
#include <span>
#include <vector>

namespace halftone {

/// The stages of one query tile where a stage is gathered: its tileK rows are tileK / gather
/// chunks, each `gather` consecutive keys from anywhere. Format of `stages`: tileK / gather chunk
/// starts a stage; bit 31 of the first says that all chunks are consecutive, so that one big copy
/// does. The first stage of a tile holds the remainder of its full keys, `columns` of them, and
/// padding that lies past the last key (which loads as zeros); then come the full stages, then
/// those in which the mask is evaluated.
struct GatheredRow {
  uint32_t first = 0; ///< stage number
  uint32_t full = 0;  ///< stages without mask code, the first one included; at least 1
  uint32_t partial = 0;
  uint32_t columns = 0; ///< valid keys of the first stage; 0 where no key is kept without a mask
  int64_t keys = 0;     ///< keys in all stages, padding aside
};

class GatheredStages {
public:
  GatheredStages(std::vector<uint32_t> &stages, int64_t tileK, int64_t gather, int64_t keyCount)
      : stages(stages), tileK(tileK), gather(gather), keyCount(keyCount) {}

  /// Appends the stages of one tile. Ranges are cut at multiples of `gather`.
  GatheredRow cut(std::span<const KeyRange> ranges);
  /// A kernel reads the chunk starts of two stages ahead of the last one.
  void finish();

private:
  void collect(std::span<const KeyRange> ranges, bool full);
  void append(size_t chunk, size_t count);
  int64_t keysOf(size_t chunk, size_t count) const;

  std::vector<uint32_t> &stages;
  int64_t tileK, gather, keyCount;
  std::vector<uint32_t> chunks; ///< of the tile at hand, kept to save allocations
};

} // namespace halftone
