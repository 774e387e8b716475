#include "runtime/GroupedStages.h"

#include <algorithm>
#include <limits>

namespace halftone {
namespace {

constexpr uint32_t clearingBit = 8, paddedBit = 16, columnsShift = 8;

/// Sets of groups next to their complements, so that what one leaves idle the next may keep busy.
constexpr unsigned setsInOrder[] = {3, 4, 6, 1, 5, 2, 7};

} // namespace

/// Walks the ranges of all groups together: between two ends of any of them the same groups keep
/// the keys, all of them whole or some only in part.
void GroupedStages::split(Groups groups, Kept &kept) {
  for (auto &ofKind : kept)
    for (std::vector<KeyRange> &ranges : ofKind)
      ranges.clear();
  std::array<size_t, 3> at{};
  for (uint32_t from = 0;;) {
    uint32_t begin = std::numeric_limits<uint32_t>::max(), end = begin;
    for (size_t group = 0; group < groups.size(); ++group)
      if (at[group] < groups[group].size())
        begin = std::min(begin, std::max(from, groups[group][at[group]].begin));
    if (begin == end)
      return;
    unsigned users = 0;
    bool partial = false;
    for (size_t group = 0; group < groups.size(); ++group) {
      if (at[group] == groups[group].size())
        continue;
      const KeyRange &range = groups[group][at[group]];
      if (range.begin > begin) {
        end = std::min(end, range.begin);
        continue;
      }
      users |= 1U << group;
      partial |= !range.full;
      end = std::min(end, range.end);
    }
    std::vector<KeyRange> &ranges = kept[partial][users];
    if (!ranges.empty() && ranges.back().end == begin)
      ranges.back().end = end;
    else
      ranges.push_back({begin, end, !partial});
    for (size_t group = 0; group < groups.size(); ++group)
      if (at[group] < groups[group].size() && groups[group][at[group]].end == end)
        ++at[group];
    from = end;
  }
}

int64_t GroupedStages::mostEntries(Groups groups) const {
  int64_t chunks = 0;
  for (std::span<const KeyRange> ranges : groups)
    for (const KeyRange &range : ranges)
      chunks += (int64_t{range.end} - range.begin + gather - 1) / gather;
  // Each set of each kind may leave one stage open, and pieces to clear one more.
  return (chunks / perStage + 3 * subsets) * entries();
}

/// Appends the stages of these ranges and says with each who uses it.
void GroupedStages::write(std::span<const KeyRange> ranges, unsigned users, bool partial,
                          bool clears, std::vector<uint32_t> &to) {
  int64_t count = 0;
  for (const KeyRange &range : ranges)
    count += (int64_t{range.end} - range.begin + gather - 1) / gather;
  size_t before = to.size();
  to.resize(before + size_t((count + perStage - 1) / perStage * entries()));
  uint32_t *stage = to.data() + before;
  int64_t chunks = 0, keys = 0;
  auto close = [&] {
    completeStage({stage, size_t(perStage)}, size_t(chunks), gather, keyCount);
    int64_t columns = partial ? perStage * gather : keys;
    uint32_t padded = columns < perStage * gather ? paddedBit : 0;
    stage[perStage] =
        users | (clears ? clearingBit : 0) | padded | uint32_t(columns) << columnsShift;
    stage += entries();
    chunks = keys = 0;
  };
  for (const KeyRange &range : ranges)
    for (int64_t key = range.begin; key < range.end; key += gather) {
      stage[chunks] = uint32_t(key);
      keys += std::min(gather, range.end - key);
      if (++chunks == perStage)
        close();
    }
  if (chunks)
    close();
}

/// Appends the stages of one kind; their number.
uint32_t GroupedStages::appendKind(const Kept &kept, bool partial, unsigned all,
                                   const AttendedKeys &attended) {
  size_t before = stages.size();
  for (unsigned users = 1; users <= all; ++users) {
    written[users].clear();
    std::span<const KeyRange> ranges = kept[partial][users];
    for (bool isAttended : {true, false}) {
      if (partial) {
        pieces.clear();
        for (const KeyRange &range : kept[partial][users])
          attended.appendPieces(range, isAttended, pieces);
        ranges = pieces;
      } else if (!isAttended) {
        break;
      }
      write(ranges, users, partial, partial && !isAttended, written[users]);
    }
  }
  stages.insert(stages.end(), written[all].begin(), written[all].end());
  auto size = size_t(entries());
  for (size_t taken = 0, more = 1; more; taken += size) {
    more = 0;
    for (unsigned users : setsInOrder)
      if (users < all && taken < written[users].size()) {
        auto stage = written[users].begin() + std::ptrdiff_t(taken);
        stages.insert(stages.end(), stage, stage + std::ptrdiff_t(size));
        more = 1;
      }
  }
  return uint32_t((stages.size() - before) / size);
}

/// Appends the stages of one tile, those of `shared` first.
StageRow GroupedStages::append(Kept &kept, unsigned all, std::span<const KeyRange> shared,
                               const AttendedKeys &attended) {
  size_t before = stages.size();
  StageRow row{.first = uint32_t(before / size_t(entries()))};
  write(shared, all, /*partial=*/false, /*clears=*/false, stages);
  row.shared = uint32_t((stages.size() - before) / size_t(entries()));
  if (row.shared)
    kept[false][all] = inBoth.without(kept[false][all]);
  row.full = row.shared + appendKind(kept, false, all, attended);
  row.partial = appendKind(kept, true, all, attended);
  return row;
}

StageRow GroupedStages::cut(Groups groups, const AttendedKeys &attended) {
  split(groups, keptOf[0]);
  return append(keptOf[0], (1U << groups.size()) - 1, {}, attended);
}

std::array<StageRow, 2> GroupedStages::cutPair(Groups a, Groups b, const AttendedKeys &attended) {
  unsigned all = (1U << a.size()) - 1;
  split(a, keptOf[0]);
  split(b, keptOf[1]);
  inBoth.find(keptOf[0][false][all], keptOf[1][false][all]);
  inBoth.shorten(std::min(inBoth.chunks() / perStage, mostShared) * perStage);
  return {append(keptOf[0], all, inBoth.ranges(), attended),
          append(keptOf[1], all, inBoth.ranges(), attended)};
}

} // namespace halftone
