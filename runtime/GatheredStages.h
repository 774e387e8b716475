#pragma once

#include "dsl/TileMap.h"

#include <cstdint>
#include <span>
#include <vector>

namespace halftone {

/// The stages of one query tile, as GatheredStages cuts them.
struct GatheredRow {
  uint32_t first = 0;   ///< number of its first stage
  uint32_t full = 0;    ///< stages without mask code, the first one included; at least 1
  uint32_t partial = 0; ///< stages in which the mask is evaluated; they follow
  uint32_t columns = 0; ///< keys of the first stage; 0 where every key needs the mask
  int64_t keys = 0;     ///< keys in all stages, padding aside
};

/// Cuts key ranges into stages of tileK key rows that are gathered: a stage is tileK / gather
/// chunks, each `gather` consecutive keys from anywhere. A stage is that many entries of `stages`,
/// the first keys of its chunks; bit 31 of its first entry says that every chunk begins where the
/// one before ends, so that one copy of tileK rows does.
///
/// The first stage of a tile holds the last full keys, `columns` of them, so that every other full
/// stage is whole and the end of the keys is in this one. Chunks that fill a stage up begin past
/// the last key: they load as zeros, a count of columns hides them in the first stage, and the
/// mask, which compares keys with their number, in a partial one.
class GatheredStages {
public:
  /// `gather` divides `tileK`; `keyCount` + 2 * `tileK` is below 2^31.
  GatheredStages(std::vector<uint32_t> &stages, int64_t tileK, int64_t gather, int64_t keyCount)
      : stages(stages), gather(gather), keyCount(keyCount), perStage(tileK / gather) {}

  /// Appends the stages of one query tile. Ranges begin at multiples of `gather`, and end at them
  /// or at the last key.
  GatheredRow cut(std::span<const KeyRange> ranges);
  /// Appends the three stages that a kernel's producer reads ahead of what it copies.
  void finish() { stages.insert(stages.end(), size_t(3 * perStage), 0); }

private:
  /// The ranges of one kind as a row of chunks.
  struct Chunks {
    int64_t count = 0, keys = 0;
  };
  Chunks count(std::span<const KeyRange> ranges, bool full) const;
  void write(std::span<const KeyRange> ranges, bool full, int64_t whole, uint32_t *at,
             uint32_t *rest);
  void complete(uint32_t *stage, int64_t written);

  std::vector<uint32_t> &stages;
  int64_t gather, keyCount, perStage;
};

} // namespace halftone
