#include "runtime/QueryTiles.h"

#include <algorithm>

namespace halftone {
namespace {

int64_t keysOf(std::span<const KeyRange> ranges) {
  int64_t keys = 0;
  for (const KeyRange &range : ranges)
    keys += int64_t{range.end} - range.begin;
  return keys;
}

} // namespace

bool TileRanges::hasPartial() const {
  return std::ranges::any_of(all(), [](std::span<const KeyRange> ranges) {
    return std::ranges::any_of(ranges, [](const KeyRange &range) { return !range.full; });
  });
}

bool TileRanges::operator==(const TileRanges &other) const {
  return std::ranges::equal(all(), other.all(),
                            [](const auto &a, const auto &b) { return std::ranges::equal(a, b); });
}

TileRanges QueryTiles::ranges(int64_t maskClass, int64_t tile) const {
  TileRanges ranges{.ofGroup = {}, .groups = size_t(groups())};
  for (size_t group = 0; group < ranges.groups; ++group)
    if (int64_t row = tile * groups() + int64_t(group); row < map.queryTiles())
      ranges.ofGroup[group] = map.ranges(maskClass, row);
  return ranges;
}

int64_t QueryTiles::pairs(const TileRanges &ranges, int64_t tile) const {
  int64_t pairs = 0;
  for (size_t group = 0; group < ranges.groups; ++group) {
    int64_t query = tile * schedule.tileQ + int64_t(group) * schedule.keptRows();
    pairs += std::clamp<int64_t>(queries - query, 0, schedule.keptRows()) *
             keysOf(ranges.ofGroup[group]);
  }
  return pairs;
}

bool QueryTiles::repeats(int64_t maskClass, int64_t tile) const {
  if (tile == 0 || tile + together() > count())
    return false;
  for (int64_t each = tile; each < tile + together(); ++each) {
    TileRanges mine = ranges(maskClass, each);
    if (!(mine == ranges(maskClass, each - together())) ||
        (schedule.groupLists && forMasks && mine.hasPartial()))
      return false;
  }
  return true;
}

} // namespace halftone
