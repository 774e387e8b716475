#include "runtime/AttendedKeys.h"

#include <algorithm>

namespace halftone {

AttendedKeys::AttendedKeys(int64_t granule, int64_t keyCount,
                           std::span<const std::span<const KeyRange>> tiles)
    : granule(granule), byGranule(granule) {
  size_t chunks = chunkOf(keyCount + granule - 1);
  std::vector<int32_t> change(chunks + 1, 0); // of the number of full ranges over a chunk
  for (std::span<const KeyRange> ranges : tiles)
    for (const KeyRange &range : ranges)
      if (range.full) {
        ++change[chunkOf(range.begin)];
        --change[chunkOf(range.end + granule - 1)];
      }
  before.resize(chunks + 1, 0);
  int32_t ranges = 0;
  for (size_t chunk = 0; chunk < chunks; ++chunk) {
    ranges += change[chunk];
    before[chunk + 1] = before[chunk] + (ranges == 0);
  }
}

void AttendedKeys::appendPieces(const KeyRange &range, bool attended,
                                std::vector<KeyRange> &pieces) const {
  size_t first = chunkOf(range.begin), last = chunkOf(range.end + granule - 1);
  uint32_t missing = before[last] - before[first];
  if (missing == 0 || missing == last - first) {
    if ((missing == 0) == attended)
      pieces.push_back(range);
    return;
  }
  for (size_t from = first, to = first; from < last; from = to) {
    bool isAttended = before[from + 1] == before[from];
    while (to < last && (before[to + 1] == before[to]) == isAttended)
      ++to;
    if (isAttended == attended)
      pieces.push_back({uint32_t(int64_t(from) * granule),
                        uint32_t(std::min(int64_t(to) * granule, int64_t{range.end})), range.full});
  }
}

} // namespace halftone
