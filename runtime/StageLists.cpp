#include "runtime/StageLists.h"

#include "runtime/TileCutter.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <system_error>
#include <thread>

namespace halftone {
namespace {

/// A part is to be worth a thread, which takes some 20 us to begin and to end.
constexpr int64_t entriesOfPart = 16 * 1024, mostParts = 16;
constexpr unsigned mostThreads = 4;

/// Neighbouring tiles of one class, and what they become.
struct Part {
  int64_t maskClass, begin, end;
  std::unique_ptr<TileCutter> cutter = nullptr;
};

struct ListBuilder {
  const QueryTiles &tiles;
  StageLists &lists;
  const Schedule &schedule = tiles.schedule;
  const TileMap &map = tiles.map;
  std::vector<AttendedKeys> attended = {}; ///< [class]

  /// With room for so many entries.
  std::unique_ptr<TileCutter> cutterOf(int64_t maskClass, int64_t pages, int64_t entries) const {
    auto cutter = std::make_unique<TileCutter>(
        tiles, attended.empty() ? nullptr : &attended[size_t(maskClass)], pages);
    cutter->stages.reserve(size_t(entries));
    return cutter;
  }

  /// At most so many entries there will be, in one part for each class.
  int64_t count() {
    std::unique_ptr<TileCutter> cutter = cutterOf(0, 0, 0);
    lists.hasPartial.resize(size_t(map.classCount()));
    int64_t entries = 0;
    for (int64_t maskClass = 0; maskClass < map.classCount(); ++maskClass)
      for (int64_t first = 0; first < tiles.count(); first += tiles.together()) {
        if (tiles.repeats(maskClass, first))
          continue;
        for (int64_t tile = first; tile < std::min(first + tiles.together(), tiles.count());
             ++tile) {
          TileRanges ranges = tiles.ranges(maskClass, tile);
          entries += cutter->mostEntries(ranges);
          if (!lists.hasPartial[size_t(maskClass)] && ranges.hasPartial())
            lists.hasPartial[size_t(maskClass)] = true;
        }
      }
    return entries;
  }

  /// Only partial ranges ask for attended keys.
  void findAttended() {
    for (int64_t maskClass = 0; schedule.gather && maskClass < map.classCount(); ++maskClass) {
      std::vector<std::span<const KeyRange>> rows;
      for (int64_t row = 0; lists.hasPartial[size_t(maskClass)] && row < map.queryTiles(); ++row)
        rows.push_back(map.ranges(maskClass, row));
      attended.emplace_back(schedule.gather, tiles.keys, rows);
    }
  }

  std::vector<Part> partsFor(int64_t entries) const {
    int64_t wanted = std::clamp<int64_t>(entries / entriesOfPart, 1, mostParts);
    int64_t ofClass = std::max<int64_t>(1, wanted / map.classCount());
    int64_t clusters = (tiles.clusters() + ofClass - 1) / ofClass;
    std::vector<Part> parts;
    for (int64_t maskClass = 0; maskClass < map.classCount(); ++maskClass)
      for (int64_t begin = 0, end; begin < tiles.count(); begin = end) {
        // What repeats is of the part that it repeats.
        end = begin + clusters * tiles.together();
        while (end < tiles.count() && tiles.repeats(maskClass, end))
          end += tiles.together();
        end = std::min(end, tiles.count());
        parts.push_back({maskClass, begin, end});
      }
    return parts;
  }

  void cutInTurn(std::vector<Part> &parts, int64_t entries) {
    for (Part &part : parts) {
      part.cutter = cutterOf(part.maskClass, lists.pages, entries);
      part.cutter->cut(part.maskClass, part.begin, part.end);
      lists.pages = part.cutter->pageCount();
    }
  }

  /// By threads of its own: at a ThreadPool plans that are made at once would take turns.
  void cutAtOnce(std::vector<Part> &parts, int64_t entries) const {
    std::atomic<size_t> next{0};
    auto work = [&] {
      for (size_t at; (at = next++) < parts.size();) {
        parts[at].cutter = cutterOf(parts[at].maskClass, 0, entries);
        parts[at].cutter->cut(parts[at].maskClass, parts[at].begin, parts[at].end);
      }
    };
    std::vector<std::jthread> others;
    size_t threads = std::min({size_t(mostThreads), parts.size(),
                               size_t(std::max(1U, std::thread::hardware_concurrency()))});
    while (others.size() + 1 < threads) {
      try {
        others.emplace_back(work);
      } catch (const std::system_error &) { // the others do it
        break;
      }
    }
    work();
  }

  void join(std::vector<Part> &parts) {
    TileCutter &all = *parts.front().cutter;
    size_t entries = 0;
    for (const Part &part : parts)
      entries += part.cutter->stages.size();
    if (parts.size() > 1)
      all.stages.reserve(entries + size_t(readAheadStages * TileCutter::entriesOfStage(schedule)));
    lists.rows.resize(size_t(map.classCount()));
    for (Part &part : parts) {
      TileCutter &own = *part.cutter;
      size_t before = &own == &all ? 0 : all.stages.size();
      if (&own != &all)
        all.stages.insert(all.stages.end(), own.stages.begin(), own.stages.end());
      std::vector<TileRow> &rows = lists.rows[size_t(part.maskClass)];
      rows.reserve(size_t(tiles.clusters() * tiles.together()));
      for (TileRow &row : own.rows) {
        row.stages.first += uint32_t(before / size_t(TileCutter::entriesOfStage(schedule)));
        rows.push_back(row);
      }
    }
    all.finish();
    lists.stages = std::move(all.stages);
  }

  Status cut() {
    int64_t entries = count();
    // Kernels compute the place of an entry in 32 bits.
    if (entries > std::numeric_limits<int32_t>::max())
      return unsupported("a plan of " + std::to_string(entries) + " key tiles or chunks",
                         "use a sparser pattern or larger tiles");
    findAttended();
    bool hasPages = schedule.groupLists && tiles.forMasks; // which are numbered through all parts
    std::vector<Part> parts = partsFor(hasPages ? 1 : entries);
    int64_t ofPart =
        entries / int64_t(parts.size()) + readAheadStages * TileCutter::entriesOfStage(schedule);
    if (hasPages || parts.size() == 1)
      cutInTurn(parts, ofPart);
    else
      cutAtOnce(parts, ofPart);
    if (lists.pages > GroupedStages::mostPages)
      return unsupported("a plan of " + std::to_string(lists.pages) +
                             " key tiles to mask by warp group",
                         "use groupLists=0");
    join(parts);
    return {};
  }
};

} // namespace

Result<StageLists> StageLists::cut(const QueryTiles &tiles) {
  StageLists lists;
  ListBuilder builder{tiles, lists};
  if (Status status = builder.cut(); !status)
    return status.error();
  return lists;
}

} // namespace halftone
