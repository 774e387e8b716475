#include "runtime/GatheredStages.h"

#include <algorithm>

namespace halftone {

void GatheredStages::collect(std::span<const KeyRange> ranges, bool full) {
  chunks.clear();
  for (const KeyRange &range : ranges)
    if (range.full == full)
      for (int64_t begin = range.begin; begin < range.end; begin += gather)
        chunks.push_back(uint32_t(begin));
}

int64_t GatheredStages::keysOf(size_t chunk, size_t count) const {
  int64_t keys = 0;
  for (size_t i = chunk; i < chunk + count; ++i)
    keys += std::min<int64_t>(gather, keyCount - chunks[i]);
  return keys;
}

void GatheredStages::append(size_t chunk, size_t count) {
  size_t perStage = size_t(tileK / gather);
  bool consecutive = count == perStage;
  for (size_t i = 1; i < count && consecutive; ++i)
    consecutive = chunks[chunk + i] == chunks[chunk] + i * size_t(gather);
  size_t first = stages.size();
  for (size_t i = 0; i < perStage; ++i)
    stages.push_back(i < count ? chunks[chunk + i] : uint32_t(keyCount + gather));
  if (consecutive)
    stages[first] |= uint32_t{1} << 31;
}

GatheredRow GatheredStages::cut(std::span<const KeyRange> ranges) {
  size_t perStage = size_t(tileK / gather);
  GatheredRow row{.first = uint32_t(stages.size() / perStage)};

  collect(ranges, /*full=*/true);
  // The last chunks make the first stage: a chunk that the last key cuts short is then at its end,
  // and one count of columns says what is valid.
  size_t rest = chunks.empty() ? 0 : (chunks.size() - 1) % perStage + 1;
  size_t whole = chunks.size() - rest;
  row.columns = uint32_t(keysOf(whole, rest));
  row.keys = int64_t(whole) * gather + row.columns;
  append(whole, rest);
  for (size_t chunk = 0; chunk < whole; chunk += perStage)
    append(chunk, perStage);
  row.full = uint32_t(1 + whole / perStage);

  collect(ranges, /*full=*/false);
  for (size_t chunk = 0; chunk < chunks.size(); chunk += perStage)
    append(chunk, std::min(perStage, chunks.size() - chunk));
  row.partial = uint32_t((chunks.size() + perStage - 1) / perStage);
  row.keys += keysOf(0, chunks.size());
  return row;
}

void GatheredStages::finish() { stages.insert(stages.end(), size_t(2 * tileK / gather), 0); }

} // namespace halftone
