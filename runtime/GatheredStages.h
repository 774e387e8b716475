#pragma once

#include "dsl/TileMap.h"
#include "runtime/AttendedKeys.h"
#include "runtime/SharedRanges.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace halftone {

/// The stages of one query tile.
struct StageRow {
  uint32_t first = 0;    ///< number of its first stage
  uint32_t full = 0;     ///< stages without mask code; they come first
  uint32_t partial = 0;  ///< stages in which the mask is evaluated; they follow
  uint32_t columns = 0;  ///< of gathered stages: keys of the first one
  uint32_t shared = 0;   ///< so many full stages are in a neighbour's row, too (WorkItem)
  uint32_t whole = 0;    ///< of stages by warp group: so many full ones all use as a whole
  uint32_t clearing = 0; ///< of gathered stages: the last so many partial ones (WorkItem)
};

/// Of the first entry of a stage: every chunk begins where the one before ends. Of that in the
/// middle: so they do in either half.
constexpr uint32_t consecutiveBit = uint32_t{1} << 31;
/// Whether a stage of so many chunks has two halves of more than one, that may be a copy each.
constexpr bool hasHalves(int64_t chunks) { return chunks > 2 && chunks % 2 == 0; }
constexpr int64_t readAheadStages = 3;   ///< that a kernel's producer reads of past a row's last
constexpr int64_t mostSaid = UINT16_MAX; ///< stages that a work item can say are shared, or whole

/// Sets the flags of a stage that has none.
void flagConsecutive(std::span<uint32_t> stage, int64_t gather);

/// Fills up the chunks of a stage of which the first `written` are there, with ones past the last
/// key; where the written ones reach it the end carries on after them, so that a row's ragged end
/// is one copy. Sets the stage's flags.
void completeStage(std::span<uint32_t> stage, size_t written, int64_t gather, int64_t keyCount);

/// Cuts key ranges into stages of tileK key rows that are gathered: a stage is tileK / gather
/// chunks, each `gather` consecutive keys from anywhere. A stage is that many entries of `stages`,
/// the first keys of its chunks, with flags in bit 31 (consecutiveBit), so that one copy of tileK
/// rows does, or one for each half.
///
/// A tile has at least one full stage. The first holds the last full keys, `columns` of them and
/// maybe none, so that every other full stage is whole and the end of the keys is in this one.
/// Chunks that fill a stage up begin past the last key: they load as zeros, a count of columns
/// hides them in the first stage, and the mask, which compares keys with their number, in a partial
/// one.
class GatheredStages {
public:
  /// `gather` divides `tileK`; `keyCount` + 2 * `tileK` is below 2^31.
  GatheredStages(std::vector<uint32_t> &stages, int64_t tileK, int64_t gather, int64_t keyCount)
      : stages(stages), gather(gather), keyCount(keyCount), perStage(tileK / gather),
        byGather(gather), byStage(perStage), inBoth(gather) {}

  /// Appends the stages of one query tile. Ranges begin at multiples of `gather`, and end at them
  /// or at the last key. Partial chunks that are attended to for sure come first.
  StageRow cut(std::span<const KeyRange> ranges, const AttendedKeys &attended) {
    return cut(ranges, {}, attended);
  }
  /// The same for two tiles, with as many stages in common as there are whole ones of keys that
  /// both keep in full. They follow the first stage of either, in the same order.
  std::array<StageRow, 2> cutPair(std::span<const KeyRange> a, std::span<const KeyRange> b,
                                  const AttendedKeys &attended);
  /// The entries that cut() appends, or cutPair() of either.
  int64_t entriesOf(std::span<const KeyRange> ranges) const;
  /// Appends the entries that a kernel's producer reads ahead of what it copies.
  void finish() { stages.insert(stages.end(), size_t(readAheadStages * perStage), 0); }

private:
  /// The ranges of one kind as a row of chunks.
  struct Chunks {
    int64_t count = 0, keys = 0;
  };
  Chunks count(std::span<const KeyRange> ranges, bool full) const;
  StageRow cut(std::span<const KeyRange> ranges, std::span<const KeyRange> shared,
               const AttendedKeys &attended);
  void write(std::span<const KeyRange> ranges, bool full, int64_t whole, uint32_t *at,
             uint32_t *rest);

  std::vector<uint32_t> &stages;
  int64_t gather, keyCount, perStage;
  Division byGather, byStage;          ///< keys into chunks, and chunks into stages
  std::vector<KeyRange> partialRanges; ///< of the tile at hand, by whether they are attended to
  SharedRanges inBoth;                 ///< of the tiles at hand
};

} // namespace halftone
