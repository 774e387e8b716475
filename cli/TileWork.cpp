#include "cli/TileWork.h"

#include "runtime/Plan.h"

#include <algorithm>

namespace halftone::cli {

Result<TileWork> tileWork(const Problem &problem, const Schedule &schedule) {
  Result<Plan> plan = makePlan(problem, schedule);
  if (!plan)
    return plan.error();
  const AttentionShape &shape = problem.shape();
  // Two products, a multiplication and an addition each.
  double flopsOfPair = 4.0 * double(shape.headDim);
  double keyRows = 0, queryRows = 0;
  for (const WorkItem &item : plan->work) {
    keyRows += double(schedule.tileK) * (item.full + item.partial);
    queryRows +=
        double(std::min<int64_t>(schedule.tileQ, problem.query().tokenCount() - item.query));
  }
  double rowBytes = double(shape.headDim * elementBytes(shape.element));
  return TileWork{.keptFlops = flopsOfPair * double(plan->keptPairs),
                  .tileFlops = flopsOfPair * double(plan->coveredPairs),
                  .tileBytes = 2 * rowBytes * (keyRows + queryRows)};
}

} // namespace halftone::cli
