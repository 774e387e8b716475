#pragma once

#include "dsl/Schedule.h"
#include "dsl/TileMap.h"
#include "runtime/Arguments.h"
#include "runtime/GatheredStages.h"

#include <span>
#include <vector>

namespace halftone {

/// What all work items of one query tile of one mask class share.
struct TileRow {
  StageRow stages;
  int64_t pairs = 0; ///< in its ranges

  int64_t length() const { return int64_t(stages.full) + stages.partial; }
};

/// Sums `measure` over the rows of all heads and batch elements; those of a class once.
template <typename Measure>
int64_t totalOf(const Problem &problem, const TileMap &map,
                const std::vector<std::vector<TileRow>> &rows, const Measure &measure) {
  std::vector<int64_t> ofClass(rows.size(), 0);
  for (size_t maskClass = 0; maskClass < rows.size(); ++maskClass)
    for (const TileRow &row : rows[maskClass])
      ofClass[maskClass] += measure(row);
  int64_t sum = 0;
  for (int64_t batch = 0; batch < problem.shape().batch; ++batch)
    for (int64_t head = 0; head < problem.shape().heads; ++head)
      sum += ofClass[size_t(map.classOf(batch, head))];
  return sum;
}

/// An item for each tile of every head and batch element, in the schedule's order. `rows`: the
/// query tiles of each class of `map`, a whole number of clusters; the items of a cluster stay
/// together.
std::vector<WorkItem> workItems(const Problem &problem, const Schedule &schedule,
                                const TileMap &map, const std::vector<std::vector<TileRow>> &rows);

} // namespace halftone
