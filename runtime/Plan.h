#pragma once

#include "dsl/Program.h"
#include "dsl/Schedule.h"
#include "dsl/TileMap.h"
#include "runtime/Arguments.h"

namespace halftone {

struct Image;

/// The run-time data of one (problem, schedule), on the host: what a kernel walks. A new length,
/// decay or frame count needs a new plan and no new code.
struct Plan {
  std::vector<WorkItem> work;
  std::vector<uint32_t> stages; ///< shared by all heads of a mask class
  std::vector<int64_t> constants;
  std::vector<int32_t> tables;
  std::vector<float> slopes;
  int64_t maskPages = 0;    ///< of kept pairs: a stage's for one group of 64 queries (KeptPairs)
  int64_t coveredPairs = 0; ///< pairs in the tiles that are computed, all heads
  int64_t keptPairs = 0;    ///< pairs the pattern keeps, all heads

  size_t bytes() const;
};

/// `schedule.gather` and `schedule.groupLists` decide what a stage is: Image::planFormat. With
/// `schedule.cluster` 2 the tiles of items 2 i and 2 i + 1 are neighbours, and so are stages that
/// both keep. A kernel that evaluates no mask (plan format 5) needs no constants and tables of it:
/// without `forMasks` only those of biases are made, and its stages by warp group are of halves. A
/// long plan takes up to four threads, which end with the call.
Result<Plan> makePlan(const Problem &problem, const Schedule &schedule, bool forMasks = true);
/// The plan that an image's code walks.
Result<Plan> makePlan(const Problem &problem, const Image &image);

} // namespace halftone
