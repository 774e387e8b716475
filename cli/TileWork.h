#pragma once

#include "dsl/Problem.h"
#include "dsl/Schedule.h"

namespace halftone::cli {

/// What the tiles of a schedule compute and load, all heads together, by its plan.
struct TileWork {
  double keptFlops = 0; ///< of the pairs that the pattern keeps
  double tileFlops = 0; ///< of all pairs in the tiles that are computed: a multiply-add is two
  /// q and the output once, k and v once for each query tile that sees them: what comes from memory
  /// where no cache has it.
  double tileBytes = 0;

  double flopsPerByte() const { return tileFlops / tileBytes; }
};

/// Of the schedule's tiles; an error where there is no plan.
Result<TileWork> tileWork(const Problem &problem, const Schedule &schedule);

} // namespace halftone::cli
