#include "runtime/TileCutter.h"

#include <algorithm>

namespace halftone {

TileCutter::TileCutter(const QueryTiles &tiles, const AttendedKeys *attended, int64_t pages)
    : tiles(tiles), schedule(tiles.schedule), attended(attended),
      gathered(stages, schedule.tileK, std::max(schedule.gather, 1), tiles.keys),
      grouped(stages, schedule.tileK, std::max(schedule.gather, 1), tiles.keys,
              tiles.forMasks ? 1 : 2, pages) {}

int64_t TileCutter::entriesOfStage(const Schedule &schedule) {
  return schedule.gather ? schedule.tileK / schedule.gather + schedule.groupLists : 1;
}

int64_t TileCutter::mostEntries(const TileRanges &ranges) const {
  if (schedule.groupLists)
    return grouped.mostEntries(ranges.all());
  if (schedule.gather)
    return gathered.entriesOf(ranges.ofGroup[0]);
  int64_t entries = 0;
  for (const KeyRange &range : ranges.ofGroup[0])
    entries += (int64_t{range.end} - range.begin + schedule.tileK - 1) / schedule.tileK;
  return entries;
}

void TileCutter::cut(int64_t maskClass, int64_t begin, int64_t end) {
  for (int64_t tile = begin; tile < end; tile += tiles.together()) {
    TileRanges ranges = tiles.ranges(maskClass, tile);
    if (tiles.repeats(maskClass, tile)) {
      for (int64_t each = tile; each < tile + tiles.together(); ++each)
        rows.push_back({rows[rows.size() - size_t(tiles.together())].stages,
                        tiles.pairs(tiles.ranges(maskClass, each), each)});
    } else if (tiles.hasPartner(tile)) {
      cutPair(ranges, tiles.ranges(maskClass, tile + 1), tile);
    } else {
      cutOne(ranges, tile);
    }
  }
}

void TileCutter::cutPair(const TileRanges &ranges, const TileRanges &others, int64_t tile) {
  auto [one, other] = schedule.groupLists
                          ? grouped.cutPair(ranges.all(), others.all(), *attended)
                          : gathered.cutPair(ranges.ofGroup[0], others.ofGroup[0], *attended);
  rows.push_back({one, tiles.pairs(ranges, tile)});
  rows.push_back({other, tiles.pairs(others, tile + 1)});
}

void TileCutter::cutOne(const TileRanges &ranges, int64_t tile) {
  StageRow row = schedule.groupLists ? grouped.cut(ranges.all(), *attended)
                 : schedule.gather   ? gathered.cut(ranges.ofGroup[0], *attended)
                                     : cutPlain(ranges.ofGroup[0]);
  rows.push_back({row, tiles.pairs(ranges, tile)});
  // A cluster's other block, past the last query: the shortest there is.
  if (tiles.together() == 2)
    rows.push_back({{.first = row.first, .full = 1}, 0});
}

/// Full key tiles first, then those in which the mask must be evaluated, among them one that
/// reaches past the last key.
StageRow TileCutter::cutPlain(std::span<const KeyRange> ranges) {
  StageRow row{.first = uint32_t(stages.size())};
  for (const KeyRange &range : ranges)
    row.full += append(range.begin, fullEnd(range));
  for (const KeyRange &range : ranges)
    row.partial += append(fullEnd(range), range.end);
  return row;
}

/// Where the key tiles of a range end that are full: none of them reaches past the last key.
int64_t TileCutter::fullEnd(const KeyRange &range) const {
  return range.full ? range.begin + (range.end - range.begin) / schedule.tileK * schedule.tileK
                    : range.begin;
}

uint32_t TileCutter::append(int64_t begin, int64_t end) {
  for (int64_t key = begin; key < end; key += schedule.tileK)
    stages.push_back(uint32_t(key));
  return uint32_t((end - begin + schedule.tileK - 1) / schedule.tileK);
}

void TileCutter::finish() {
  if (schedule.groupLists)
    grouped.finish();
  else if (schedule.gather)
    gathered.finish();
}

} // namespace halftone
