// The order in which the tiles of a plan are handed to the machine.
#include "runtime/WorkItems.h"

#include <algorithm>
#include <tuple>

namespace halftone {
namespace {

struct WorkList {
  const Problem &problem;
  const Schedule &schedule;
  const TileMap &map;
  const std::vector<std::vector<TileRow>> &rows; ///< [class][query tile]
  std::vector<WorkItem> work = {};
  int64_t bands =
      schedule.order == WorkOrder::AcrossFrames ? bandsAcrossFrames(problem.query()) : 1;

  /// Clusters of all heads and batch elements.
  int64_t count() const {
    const AttentionShape &shape = problem.shape();
    return int64_t(rows.front().size()) / schedule.cluster * shape.heads * shape.batch;
  }
  int64_t totalLength() const {
    return totalOf(problem, map, rows, [](const TileRow &row) { return row.length(); });
  }

  /// Appends the items of the clusters to whose length `wanted` says yes, head by head.
  template <typename Wanted> void appendWork(const Wanted &wanted) {
    std::vector<std::vector<WorkItem>> ofClass;
    ofClass.reserve(rows.size());
    for (const std::vector<TileRow> &tiles : rows)
      ofClass.push_back(itemsOf(tiles, wanted));
    for (int64_t batch = 0; batch < problem.shape().batch; ++batch)
      for (int64_t head = 0; head < problem.shape().heads; ++head) {
        const std::vector<WorkItem> &items = ofClass[size_t(map.classOf(batch, head))];
        auto own = work.insert(work.end(), items.begin(), items.end());
        for (; own != work.end(); ++own) {
          own->head = uint32_t(head);
          own->batch = uint32_t(batch);
        }
      }
  }
  /// Of one head, whose number is left out.
  template <typename Wanted>
  std::vector<WorkItem> itemsOf(const std::vector<TileRow> &tiles, const Wanted &wanted) const {
    std::vector<WorkItem> items;
    items.reserve(tiles.size());
    auto size = size_t(schedule.cluster);
    for (int64_t band = 0; band < bands; ++band)
      for (size_t first = 0; first < tiles.size(); first += size)
        if (bandOf(first) == band && wanted(lengthOf(std::span(tiles).subspan(first, size))))
          for (size_t tile = first; tile < first + size; ++tile)
            items.push_back(itemOf(tiles[tile].stages, tile));
    return items;
  }
  int64_t bandOf(size_t tile) const {
    return bandOfToken(problem.query(), bands, int64_t(tile) * schedule.tileQ);
  }
  WorkItem itemOf(const StageRow &stages, size_t tile) const {
    return {.query = uint32_t(tile) * uint32_t(schedule.tileQ),
            .head = 0,
            .batch = 0,
            .first = stages.first,
            .full = stages.full,
            .partial = stages.partial,
            .columns = uint16_t(schedule.groupLists ? stages.whole : stages.columns),
            .shared = uint16_t(stages.shared),
            .clearing = stages.clearing};
  }
  static int64_t lengthOf(std::span<const TileRow> rows) {
    int64_t length = 0;
    for (const TileRow &row : rows)
      length += row.length();
    return length;
  }

  /// By length, else as they are; the items of a cluster stay together.
  void sortWork() {
    struct Cluster {
      uint64_t length;
      size_t first;
    };
    std::vector<Cluster> clusters;
    clusters.reserve(size_t(count()));
    auto size = size_t(schedule.cluster);
    for (size_t first = 0; first < work.size(); first += size) {
      uint64_t length = 0;
      for (const WorkItem &item : std::span(work).subspan(first, size))
        length += uint64_t{item.full} + item.partial;
      clusters.push_back({length, first});
    }
    std::sort(clusters.begin(), clusters.end(), [](const Cluster &a, const Cluster &b) {
      return std::tie(b.length, a.first) < std::tie(a.length, b.first);
    });
    std::vector<WorkItem> sorted;
    sorted.reserve(work.size());
    for (const Cluster &cluster : clusters)
      for (const WorkItem &item : std::span(work).subspan(cluster.first, size))
        sorted.push_back(item);
    work = std::move(sorted);
  }

  void orderWork() {
    work.reserve(size_t(count() * schedule.cluster));
    if (schedule.order == WorkOrder::LongFirst || schedule.order == WorkOrder::AcrossFrames) {
      int64_t total = totalLength(), clusters = count();
      auto isLong = [&](int64_t length) {
        return __int128{length} * clusters * 2 > __int128{total} * 3;
      };
      appendWork(isLong);
      appendWork([&](int64_t length) { return !isLong(length); });
      return;
    }
    appendWork([](int64_t) { return true; });
    if (schedule.order == WorkOrder::LongestFirst)
      sortWork();
  }
};

} // namespace

std::vector<WorkItem> workItems(const Problem &problem, const Schedule &schedule,
                                const TileMap &map, const std::vector<std::vector<TileRow>> &rows) {
  WorkList list{problem, schedule, map, rows};
  list.orderWork();
  return std::move(list.work);
}

} // namespace halftone
