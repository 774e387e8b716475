#include "runtime/GatheredStages.h"

#include <algorithm>

namespace halftone {

void flagConsecutive(std::span<uint32_t> stage, int64_t gather) {
  size_t half = hasHalves(int64_t(stage.size())) ? stage.size() / 2 : 0;
  bool isWhole = true;
  for (size_t chunk = 1; chunk < stage.size(); ++chunk)
    if (stage[chunk] != stage[chunk - 1] + uint32_t(gather)) {
      if (chunk != half)
        return;
      isWhole = false;
    }
  if (isWhole)
    stage[0] |= consecutiveBit;
  else if (half)
    stage[half] |= consecutiveBit;
}

void completeStage(std::span<uint32_t> stage, size_t written, int64_t gather, int64_t keyCount) {
  auto step = uint32_t(gather), last = uint32_t(keyCount);
  for (size_t chunk = written; chunk < stage.size(); ++chunk)
    stage[chunk] = chunk ? std::max(last, stage[chunk - 1] + step) : last;
  flagConsecutive(stage, gather);
}

GatheredStages::Chunks GatheredStages::count(std::span<const KeyRange> ranges, bool full) const {
  Chunks chunks;
  for (const KeyRange &range : ranges)
    if (range.full == full) {
      int64_t keys = int64_t{range.end} - range.begin;
      chunks.keys += keys;
      chunks.count += byGather.up(keys);
    }
  return chunks;
}

/// Writes the starts of the first `whole` chunks to `at`, which are whole stages, and of the others
/// to `rest`. Chunks are consecutive within a range, so a whole stage is where it lies in one
/// range.
void GatheredStages::write(std::span<const KeyRange> ranges, bool full, int64_t whole, uint32_t *at,
                           uint32_t *rest) {
  int64_t from = 0; // the chunk's number in the row
  for (const KeyRange &range : ranges) {
    if (range.full != full)
      continue;
    int64_t to = from + byGather.up(range.end - range.begin);
    auto step = uint32_t(gather), key = range.begin;
    int64_t wholeTo = std::min(to, whole);
    for (int64_t chunk = from; chunk < wholeTo; ++chunk, key += step)
      at[chunk] = key;
    for (int64_t stage = byStage.up(from) * perStage; stage + perStage <= wholeTo;
         stage += perStage)
      at[stage] |= consecutiveBit;
    for (int64_t chunk = std::max(from, whole); chunk < to; ++chunk, key += step)
      rest[chunk - whole] = key;
    from = to;
  }
}

int64_t GatheredStages::entriesOf(std::span<const KeyRange> ranges) const {
  auto stagesOf = [&](const Chunks &chunks) { return byStage.up(chunks.count); };
  return perStage *
         (std::max<int64_t>(stagesOf(count(ranges, true)), 1) + stagesOf(count(ranges, false)));
}

std::array<StageRow, 2> GatheredStages::cutPair(std::span<const KeyRange> a,
                                                std::span<const KeyRange> b,
                                                const AttendedKeys &attended) {
  inBoth.find(a, b);
  int64_t stagesInBoth = byStage.down(inBoth.chunks());
  // A tile's first stage is its own, and not to be an empty one.
  int64_t fewest = std::min(count(a, true).count, count(b, true).count);
  if (stagesInBoth && fewest == stagesInBoth * perStage)
    --stagesInBoth;
  inBoth.shorten(std::min(stagesInBoth, mostSaid) * perStage);
  return {cut(inBoth.without(a), inBoth.ranges(), attended),
          cut(inBoth.without(b), inBoth.ranges(), attended)};
}

StageRow GatheredStages::cut(std::span<const KeyRange> ranges, std::span<const KeyRange> shared,
                             const AttendedKeys &attended) {
  partialRanges.clear();
  for (bool isAttended : {true, false})
    for (const KeyRange &range : ranges)
      if (!range.full)
        attended.appendPieces(range, isAttended, partialRanges);
  Chunks fullChunks = count(ranges, true), partialChunks = count(partialRanges, false);
  int64_t attendedChunks = 0;
  for (const KeyRange &range : partialRanges)
    if (attended.holds(range))
      attendedChunks += byGather.up(range.end - range.begin);
  int64_t rest = fullChunks.count ? (fullChunks.count - 1) % perStage + 1 : 0;
  int64_t whole = fullChunks.count - rest, sharedChunks = count(shared, true).count;
  int64_t partialStages = byStage.up(partialChunks.count);
  size_t begin = stages.size();
  StageRow row{.first = uint32_t(int64_t(begin) / perStage),
               .full = uint32_t(1 + (sharedChunks + whole) / perStage),
               .partial = uint32_t(partialStages),
               .columns = uint32_t(fullChunks.keys - whole * gather),
               .shared = uint32_t(sharedChunks / perStage),
               .clearing = uint32_t(partialStages - (attendedChunks == partialChunks.count
                                                         ? partialStages
                                                         : attendedChunks / perStage))};

  stages.resize(begin + size_t(perStage + sharedChunks + whole + partialStages * perStage));
  uint32_t *first = stages.data() + begin, *own = first + perStage + sharedChunks;
  write(shared, true, sharedChunks, first + perStage, nullptr);
  write(ranges, true, whole, own, first);
  completeStage({first, size_t(perStage)}, size_t(rest), gather, keyCount);
  if (partialStages) {
    uint32_t *partial = own + whole, *last = partial + (partialStages - 1) * perStage;
    int64_t before = (partialStages - 1) * perStage;
    write(partialRanges, false, before, partial, last);
    completeStage({last, size_t(perStage)}, size_t(partialChunks.count - before), gather, keyCount);
  }
  if (hasHalves(perStage)) // what lies in two ranges
    for (size_t at = begin; at < stages.size(); at += size_t(perStage))
      if (std::span stage(stages.data() + at, size_t(perStage));
          !((stage[0] | stage[size_t(perStage / 2)]) & consecutiveBit))
        flagConsecutive(stage, gather);
  return row;
}

} // namespace halftone
