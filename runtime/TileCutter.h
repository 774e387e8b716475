#pragma once

#include "runtime/QueryTiles.h"
#include "runtime/WorkItems.h"

#include <optional>

namespace halftone {

/// Cuts neighbouring query tiles of one mask class into stages.
class TileCutter {
public:
  /// `attended`: of the class, where stages are gathered. `pages`: of kept pairs that are in use.
  /// What is passed by reference must outlive the cutter.
  TileCutter(const QueryTiles &tiles, const AttendedKeys *attended, int64_t pages);
  TileCutter(const TileCutter &) = delete;

  /// Words of `stages` that a stage takes.
  static int64_t entriesOfStage(const Schedule &schedule);
  /// At most so many words do the ranges of one tile become.
  int64_t mostEntries(const TileRanges &ranges) const;

  /// The tiles from `begin` to `end`, whole clusters. Those that repeat the ones before share their
  /// stages; the first are not to.
  void cut(int64_t maskClass, int64_t begin, int64_t end);
  /// Appends what a kernel reads ahead.
  void finish();

  std::vector<uint32_t> stages; ///< numbered from 0
  std::vector<TileRow> rows;    ///< of each tile, and one for a cluster's half without a tile
  int64_t pageCount() const { return grouped.pageCount(); }

private:
  void cutOne(const TileRanges &ranges, int64_t tile);
  void cutPair(const TileRanges &ranges, const TileRanges &others, int64_t tile);
  StageRow cutPlain(std::span<const KeyRange> ranges);
  int64_t fullEnd(const KeyRange &range) const;
  uint32_t append(int64_t begin, int64_t end);

  const QueryTiles &tiles;
  const Schedule &schedule;
  const AttendedKeys *attended;
  GatheredStages gathered;
  GroupedStages grouped;
};

} // namespace halftone
