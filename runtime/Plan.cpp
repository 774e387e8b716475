#include "runtime/Plan.h"

#include "runtime/Image.h"
#include "runtime/StageLists.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace halftone {
namespace {

/// Counted once for every class: heads of one class keep the same pairs. Without partial ranges
/// they are those of the tiles.
int64_t keptPairsOfAll(const Problem &problem, const TileMap &map, const StageLists &lists) {
  std::vector<int64_t> ofClass(lists.rows.size(), -1);
  int64_t sum = 0;
  for (int64_t batch = 0; batch < problem.shape().batch; ++batch)
    for (int64_t head = 0; head < problem.shape().heads; ++head) {
      auto maskClass = size_t(map.classOf(batch, head));
      const std::vector<TileRow> &rows = lists.rows[maskClass];
      int64_t &pairs = ofClass[maskClass];
      if (pairs < 0 && lists.hasPartial[maskClass])
        pairs = keptPairs(problem, batch, head);
      else if (pairs < 0)
        pairs = std::accumulate(rows.begin(), rows.end(), int64_t{0},
                                [](int64_t sum, const TileRow &row) { return sum + row.pairs; });
      sum += pairs;
    }
  return sum;
}

std::vector<float> slopesOf(const Problem &problem) {
  std::vector<float> slopes;
  size_t heads = size_t(problem.shape().heads);
  slopes.reserve(problem.biases().size() * heads);
  for (const Bias &bias : problem.biases())
    for (size_t head = 0; head < heads; ++head)
      slopes.push_back(bias.coefficients.size() == 1 ? bias.coefficients[0]
                                                     : bias.coefficients[head]);
  return slopes;
}

/// Tiles that a plan cannot be made of, and lengths that its entries cannot say.
Status checkSchedule(const Problem &problem, const Schedule &schedule, bool forMasks) {
  if (schedule.tileQ < 1 || schedule.tileK < 1)
    return misuse("a schedule with tiles of " + std::to_string(schedule.tileQ) + " x " +
                      std::to_string(schedule.tileK),
                  "use tiles of at least 1 x 1, for example 128 x 64");
  int gather = schedule.gather;
  if (schedule.groupLists && (!gather || schedule.tileQ % 64 || schedule.tileQ > 192))
    return misuse("a schedule with stage lists for each of the groups of 64 rows of " +
                      std::to_string(schedule.tileQ) + ", gathered from chunks of " +
                      std::to_string(gather),
                  "use tileQ=128 or 192, and gather=64");
  if (schedule.cluster != 1 && !gather)
    return misuse("a schedule of clusters that gathers no stages", "use cluster=1, or a gather");
  if (!gather)
    return {};
  int nearest = std::clamp(gather, 1, schedule.tileK);
  while (schedule.tileK % nearest)
    --nearest;
  if (nearest != gather)
    return misuse("a schedule with key tiles of " + std::to_string(schedule.tileK) +
                      " rows in chunks of " + std::to_string(gather),
                  "use a gather that divides tileK, for example " + std::to_string(nearest));
  if (int chunks = schedule.tileK / gather; schedule.groupLists && !forMasks && chunks % 2 != 0)
    return misuse("a schedule that halves key tiles of " + std::to_string(chunks) +
                      " chunks, an odd number",
                  "use tileK=" + std::to_string((chunks == 1 ? 2 : chunks - 1) * gather));
  // Chunks of padding begin past the last key, and bit 31 of an entry is a flag.
  int64_t keys = problem.key().tokenCount();
  int64_t most = std::numeric_limits<int32_t>::max() - 2 * int64_t{schedule.tileK};
  if (keys > most)
    return unsupported("a plan of gathered stages for " + std::to_string(keys) + " keys",
                       "use at most " + std::to_string(most) + " keys");
  return {};
}

} // namespace

size_t Plan::bytes() const {
  return work.size() * sizeof(WorkItem) + stages.size() * sizeof(uint32_t) +
         constants.size() * sizeof(int64_t) + tables.size() * sizeof(int32_t) +
         slopes.size() * sizeof(float);
}

Result<Plan> makePlan(const Problem &problem, const Schedule &schedule, bool forMasks) {
  if (Status status = checkSchedule(problem, schedule, forMasks); !status)
    return status.error();
  int64_t granule = schedule.gather ? schedule.gather : schedule.tileK;
  Result<TileMap> map = TileMap::build(problem, schedule.keptRows(), granule);
  if (!map)
    return map.error();
  Plan plan;
  if (forMasks || !problem.biases().empty()) {
    Result<Program> program = lowerProgram(problem);
    if (!program)
      return program.error();
    plan.constants = std::move(program->constants);
    plan.tables = std::move(program->tables);
  }

  QueryTiles tiles(problem, schedule, *map, forMasks);
  int64_t work =
      tiles.clusters() * tiles.together() * problem.shape().heads * problem.shape().batch;
  if (work > int64_t{UINT32_MAX})
    return unsupported("a plan of " + std::to_string(work) + " query tiles",
                       "use fewer heads or batch elements in one launch, or larger tiles");
  Result<StageLists> lists = StageLists::cut(tiles);
  if (!lists)
    return lists.error();
  plan.work = workItems(problem, schedule, *map, lists->rows);
  plan.coveredPairs =
      totalOf(problem, *map, lists->rows, [](const TileRow &row) { return row.pairs; });
  plan.keptPairs = keptPairsOfAll(problem, *map, *lists);
  plan.stages = std::move(lists->stages);
  plan.maskPages = lists->pages;
  plan.slopes = slopesOf(problem);
  return plan;
}

Result<Plan> makePlan(const Problem &problem, const Image &image) {
  return makePlan(problem, image.schedule, image.planFormat != Image::wholeTilesFormat);
}

} // namespace halftone
