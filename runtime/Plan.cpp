#include "runtime/Plan.h"

#include "runtime/AttendedKeys.h"
#include "runtime/GatheredStages.h"
#include "runtime/GroupedStages.h"
#include "runtime/Image.h"
#include "runtime/WorkItems.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace halftone {
namespace {

int64_t keysOf(std::span<const KeyRange> ranges) {
  int64_t keys = 0;
  for (const KeyRange &range : ranges)
    keys += int64_t{range.end} - range.begin;
  return keys;
}

struct PlanBuilder {
  const Problem &problem;
  const Schedule &schedule;
  const TileMap &map; ///< of schedule.keptRows() query rows
  Plan &plan;
  bool forMasks;
  std::vector<std::vector<TileRow>> rows = {}; ///< [class][query tile]
  std::vector<bool> hasPartial = {};           ///< [class]

  /// Where the key tiles of a range end that are full: none of them reaches past the last key.
  int64_t fullEnd(const KeyRange &range) const {
    return range.full ? range.begin + (range.end - range.begin) / schedule.tileK * schedule.tileK
                      : range.begin;
  }

  uint32_t append(int64_t begin, int64_t end) {
    for (int64_t key = begin; key < end; key += schedule.tileK)
      plan.stages.push_back(uint32_t(key));
    return uint32_t((end - begin + schedule.tileK - 1) / schedule.tileK);
  }

  /// Cuts the ranges of a query tile into key tiles: full ones first, then those in which the mask
  /// must be evaluated, among them one that reaches past the last key.
  StageRow cut(std::span<const KeyRange> ranges) {
    StageRow row{.first = uint32_t(plan.stages.size())};
    for (const KeyRange &range : ranges)
      row.full += append(range.begin, fullEnd(range));
    for (const KeyRange &range : ranges)
      row.partial += append(fullEnd(range), range.end);
    return row;
  }

  int64_t entriesOf(std::span<const KeyRange> ranges) const {
    int64_t entries = 0;
    for (const KeyRange &range : ranges)
      entries += (int64_t{range.end} - range.begin + schedule.tileK - 1) / schedule.tileK;
    return entries;
  }

  int64_t groupsOfTile() const { return schedule.tileQ / schedule.keptRows(); }
  int64_t tileCount() const { return (map.queryTiles() + groupsOfTile() - 1) / groupsOfTile(); }

  /// The ranges of a tile, of each of its groups of query rows.
  struct TileRanges {
    std::array<std::span<const KeyRange>, 3> ofGroup;
    size_t groups;

    GroupedStages::Groups all() const { return {ofGroup.data(), groups}; }
    bool operator==(const TileRanges &other) const {
      return std::equal(ofGroup.begin(), ofGroup.begin() + std::ptrdiff_t(groups),
                        other.ofGroup.begin(), [](const auto &a, const auto &b) {
                          return std::equal(a.begin(), a.end(), b.begin(), b.end());
                        });
    }
  };
  TileRanges rangesOf(int64_t maskClass, int64_t tile) const {
    TileRanges ranges{.ofGroup = {}, .groups = size_t(groupsOfTile())};
    for (size_t group = 0; group < ranges.groups; ++group)
      if (int64_t row = tile * groupsOfTile() + int64_t(group); row < map.queryTiles())
        ranges.ofGroup[group] = map.ranges(maskClass, row);
    return ranges;
  }
  int64_t pairsOf(const TileRanges &ranges, int64_t tile) const {
    int64_t pairs = 0;
    for (size_t group = 0; group < ranges.groups; ++group) {
      int64_t query = tile * schedule.tileQ + int64_t(group) * schedule.keptRows();
      int64_t left = problem.query().tokenCount() - query;
      pairs += std::clamp<int64_t>(left, 0, schedule.keptRows()) * keysOf(ranges.ofGroup[group]);
    }
    return pairs;
  }

  /// Tiles are cut one by one, or in the pairs that clusters run.
  int64_t together() const { return schedule.cluster; }
  bool hasPartner(int64_t tile) const { return together() == 2 && tile + 1 < tileCount(); }
  /// Whether the tiles from this one on have the ranges of those before.
  bool repeats(int64_t maskClass, int64_t tile) const {
    if (tile == 0 || tile + together() > tileCount())
      return false;
    for (int64_t each = tile; each < tile + together(); ++each)
      if (!(rangesOf(maskClass, each) == rangesOf(maskClass, each - together())))
        return false;
    return true;
  }

  /// Calls `body(class, tile)` in order, for the first of tiles that are cut together.
  template <typename Body> void forEachCut(const Body &body) const {
    for (int64_t maskClass = 0; maskClass < map.classCount(); ++maskClass)
      for (int64_t tile = 0; tile < tileCount(); tile += together())
        body(maskClass, tile);
  }

  /// Tiles with the ranges of those before share their entries: a dense pattern has one list.
  Status cutAll() {
    int64_t gather = std::max(schedule.gather, 1), keys = problem.key().tokenCount();
    GatheredStages gathered(plan.stages, schedule.tileK, gather, keys);
    GroupedStages grouped(plan.stages, schedule.tileK, gather, keys, forMasks ? 1 : 2);
    int64_t entries = 0;
    hasPartial.resize(size_t(map.classCount()));
    forEachCut([&](int64_t maskClass, int64_t first) {
      if (repeats(maskClass, first))
        return;
      for (int64_t tile = first; tile < std::min(first + together(), tileCount()); ++tile) {
        TileRanges ranges = rangesOf(maskClass, tile);
        entries += schedule.groupLists ? grouped.mostEntries(ranges.all())
                   : schedule.gather   ? gathered.entriesOf(ranges.ofGroup[0])
                                       : entriesOf(ranges.ofGroup[0]);
        for (std::span<const KeyRange> ofGroup : ranges.all())
          for (const KeyRange &range : ofGroup)
            hasPartial[size_t(maskClass)] = hasPartial[size_t(maskClass)] || !range.full;
      }
    });
    // Kernels compute the place of an entry in 32 bits.
    if (entries > std::numeric_limits<int32_t>::max())
      return unsupported("a plan of " + std::to_string(entries) + " key tiles or chunks",
                         "use a sparser pattern or larger tiles");

    plan.stages.reserve(size_t(entries + gathered.readAhead()));
    std::vector<AttendedKeys> attended; // [class]; only partial ranges ask
    for (int64_t maskClass = 0; schedule.gather && maskClass < map.classCount(); ++maskClass) {
      std::vector<std::span<const KeyRange>> tiles;
      for (int64_t tile = 0; hasPartial[size_t(maskClass)] && tile < map.queryTiles(); ++tile)
        tiles.push_back(map.ranges(maskClass, tile));
      attended.emplace_back(gather, keys, tiles);
    }
    rows.resize(size_t(map.classCount()));
    forEachCut([&](int64_t maskClass, int64_t tile) {
      std::vector<TileRow> &tiles = rows[size_t(maskClass)];
      tiles.reserve(size_t(clustersOfRow() * together()));
      TileRanges ranges = rangesOf(maskClass, tile);
      if (repeats(maskClass, tile)) {
        for (int64_t each = tile; each < tile + together(); ++each)
          tiles.push_back(
              {tiles[size_t(each - together())].stages, pairsOf(rangesOf(maskClass, each), each)});
      } else if (hasPartner(tile)) {
        TileRanges others = rangesOf(maskClass, tile + 1);
        const AttendedKeys &keysAttended = attended[size_t(maskClass)];
        auto [one, other] =
            schedule.groupLists
                ? grouped.cutPair(ranges.all(), others.all(), keysAttended)
                : gathered.cutPair(ranges.ofGroup[0], others.ofGroup[0], keysAttended);
        tiles.push_back({one, pairsOf(ranges, tile)});
        tiles.push_back({other, pairsOf(others, tile + 1)});
      } else {
        StageRow stages =
            schedule.groupLists ? grouped.cut(ranges.all(), attended[size_t(maskClass)])
            : schedule.gather   ? gathered.cut(ranges.ofGroup[0], attended[size_t(maskClass)])
                                : cut(ranges.ofGroup[0]);
        tiles.push_back({stages, pairsOf(ranges, tile)});
        // A cluster's other block, past the last query: the shortest there is.
        if (together() == 2)
          tiles.push_back({{.first = stages.first, .full = 1}, 0});
      }
    });
    if (schedule.groupLists)
      grouped.finish();
    else if (schedule.gather)
      gathered.finish();
    return {};
  }

  int64_t clustersOfRow() const { return (tileCount() + together() - 1) / together(); }
  int64_t workCount() const {
    return clustersOfRow() * together() * problem.shape().heads * problem.shape().batch;
  }

  int64_t coveredPairs() const {
    return totalOf(problem, map, rows, [](const TileRow &row) { return row.pairs; });
  }

  /// Counted once for every class: heads of one class keep the same pairs. Without partial ranges
  /// they are those of the tiles.
  int64_t keptPairsOfAll() const {
    std::vector<int64_t> ofClass(rows.size(), -1);
    int64_t sum = 0;
    for (int64_t batch = 0; batch < problem.shape().batch; ++batch)
      for (int64_t head = 0; head < problem.shape().heads; ++head) {
        auto maskClass = size_t(map.classOf(batch, head));
        int64_t &pairs = ofClass[maskClass];
        if (pairs < 0 && hasPartial[maskClass])
          pairs = keptPairs(problem, batch, head);
        else if (pairs < 0)
          pairs = std::accumulate(rows[maskClass].begin(), rows[maskClass].end(), int64_t{0},
                                  [](int64_t sum, const TileRow &row) { return sum + row.pairs; });
        sum += pairs;
      }
    return sum;
  }
};

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

  PlanBuilder builder{problem, schedule, *map, plan, forMasks};
  if (builder.workCount() > int64_t{UINT32_MAX})
    return unsupported("a plan of " + std::to_string(builder.workCount()) + " query tiles",
                       "use fewer heads or batch elements in one launch, or larger tiles");
  if (Status status = builder.cutAll(); !status)
    return status.error();
  plan.work = workItems(problem, schedule, *map, builder.rows);
  plan.coveredPairs = builder.coveredPairs();
  plan.keptPairs = builder.keptPairsOfAll();
  plan.slopes = slopesOf(problem);
  return plan;
}

Result<Plan> makePlan(const Problem &problem, const Image &image) {
  return makePlan(problem, image.schedule, image.planFormat != Image::wholeTilesFormat);
}

} // namespace halftone
