#pragma once

#include "dsl/Schedule.h"
#include "dsl/TileMap.h"
#include "runtime/GroupedStages.h"

#include <array>

namespace halftone {

/// The key ranges of one query tile, of each of its groups of query rows.
struct TileRanges {
  std::array<std::span<const KeyRange>, 3> ofGroup;
  size_t groups;

  GroupedStages::Groups all() const { return {ofGroup.data(), groups}; }
  bool hasPartial() const;
  bool operator==(const TileRanges &other) const;
};

/// The query tiles of a schedule, as their stages are cut: one by one, or in the pairs that
/// clusters run.
class QueryTiles {
public:
  /// `map`: of schedule.keptRows() query rows. `forMasks`: as makePlan's.
  QueryTiles(const Problem &problem, const Schedule &schedule, const TileMap &map, bool forMasks)
      : schedule(schedule), map(map), forMasks(forMasks), keys(problem.key().tokenCount()),
        queries(problem.query().tokenCount()) {}

  const Schedule &schedule;
  const TileMap &map;
  const bool forMasks;
  const int64_t keys;

  int64_t count() const { return (map.queryTiles() + groups() - 1) / groups(); }
  int64_t together() const { return schedule.cluster; }
  int64_t clusters() const { return (count() + together() - 1) / together(); }
  bool hasPartner(int64_t tile) const { return together() == 2 && tile + 1 < count(); }

  TileRanges ranges(int64_t maskClass, int64_t tile) const;
  /// Pairs of queries that exist and keys in these ranges.
  int64_t pairs(const TileRanges &ranges, int64_t tile) const;
  /// Whether the tiles from this one on have the ranges of those before, and so their stages. Where
  /// masks have pages of stages, those of other queries are others.
  bool repeats(int64_t maskClass, int64_t tile) const;

private:
  int64_t groups() const { return schedule.tileQ / schedule.keptRows(); }

  int64_t queries;
};

} // namespace halftone
