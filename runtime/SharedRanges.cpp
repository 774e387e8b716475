#include "runtime/SharedRanges.h"

#include <algorithm>

namespace halftone {

void SharedRanges::find(std::span<const KeyRange> a, std::span<const KeyRange> b) {
  found.clear();
  for (auto ofA = a.begin(), ofB = b.begin(); ofA != a.end() && ofB != b.end();) {
    uint32_t begin = std::max(ofA->begin, ofB->begin), end = std::min(ofA->end, ofB->end);
    if (ofA->full && ofB->full && begin < end)
      if (end = uint32_t(byGranule.floor(end)); begin < end)
        found.emplace_back(begin, end, true);
    ofA->end < ofB->end ? ++ofA : ++ofB;
  }
}

void SharedRanges::shorten(int64_t count) {
  size_t kept = 0;
  for (; kept < found.size() && count > 0; ++kept) {
    KeyRange &range = found[kept];
    int64_t taken = std::min(count, byGranule.down(range.end - range.begin));
    range.end = range.begin + uint32_t(taken * granule);
    count -= taken;
  }
  found.resize(kept);
}

int64_t SharedRanges::chunks() const {
  int64_t count = 0;
  for (const KeyRange &range : found)
    count += byGranule.down(range.end - range.begin);
  return count;
}

std::span<const KeyRange> SharedRanges::without(std::span<const KeyRange> ranges) {
  rest.clear();
  auto next = found.begin();
  for (const KeyRange &range : ranges) {
    uint32_t from = range.begin;
    for (; range.full && next != found.end() && next->begin < range.end; ++next) {
      if (next->begin > from)
        rest.emplace_back(from, next->begin, true);
      from = next->end;
    }
    if (from < range.end)
      rest.emplace_back(from, range.end, range.full);
  }
  return rest;
}

} // namespace halftone
