#include "runtime/GroupedStages.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <tuple>

namespace halftone {
namespace {

constexpr uint32_t maskedShift = 3, paddedBit = 64, clearingBit = 128, columnsShift = 8;

/// Stages of one kind are used by the same groups and masked by the same of them.
constexpr unsigned kindOf(unsigned users, unsigned masked) { return users | masked << maskedShift; }

/// The order in which kinds take turns. Sets of groups are next to their complements, so that what
/// one leaves idle the next may keep busy; what the first group masks of a band's beginning, and
/// the last of its end, come in between, so that no group masks two stages in a row.
constexpr auto kindsInOrder = [] {
  std::array<unsigned, 64> order{kindOf(7, 1), kindOf(4, 4), kindOf(3, 2),
                                 kindOf(7, 4), kindOf(1, 1), kindOf(6, 2)};
  size_t count = 6;
  for (unsigned users : {7, 3, 4, 6, 1, 5, 2, 0})
    for (unsigned masked = 0; masked < 8; ++masked)
      if (auto end = order.begin() + count;
          std::find(order.begin(), end, kindOf(users, masked)) == end)
        order[count++] = kindOf(users, masked);
  return order;
}();

} // namespace

/// Walks the ranges of all groups together: between two ends of any of them the same groups keep
/// the keys, each of them whole or in part. Groups with the same ranges, as those within a block
/// of a mask, walk as one.
void GroupedStages::split(Groups groups, Kept &kept) {
  for (auto &ofMasked : kept)
    for (std::vector<KeyRange> &ranges : ofMasked)
      ranges.clear();
  constexpr uint32_t none = std::numeric_limits<uint32_t>::max();
  struct Walker {
    std::span<const KeyRange> left; ///< after `now`
    KeyRange now;                   ///< what is left of it
    unsigned groups;

    void advance() {
      now = left.empty() ? KeyRange{none, none, true} : left.front();
      left = left.subspan(left.empty() ? 0 : 1);
    }
  };
  std::array<Walker, 3> all;
  size_t count = 0;
  for (size_t group = 0; group < groups.size(); ++group) {
    if (group && std::ranges::equal(groups[group - 1], groups[group])) {
      all[count - 1].groups |= 1U << group;
      continue;
    }
    all[count] = {groups[group], {}, 1U << group};
    all[count++].advance();
  }
  std::span<Walker> walkers(all.data(), count);
  while (true) {
    uint32_t begin = none, end = none;
    for (const Walker &walker : walkers)
      begin = std::min(begin, walker.now.begin);
    if (begin == none)
      return;
    unsigned users = 0, masked = 0;
    for (const Walker &walker : walkers) {
      bool keeps = walker.now.begin == begin;
      end = std::min(end, keeps ? walker.now.end : walker.now.begin);
      users |= keeps ? walker.groups : 0;
      masked |= keeps && !walker.now.full ? walker.groups : 0;
    }
    std::vector<KeyRange> &ranges = kept[masked][users];
    if (!ranges.empty() && ranges.back().end == begin)
      ranges.back().end = end;
    else
      ranges.push_back({begin, end, masked == 0});
    for (Walker &walker : walkers)
      if (walker.now.begin == begin) {
        walker.now.begin = end;
        if (walker.now.end == end)
          walker.advance();
      }
  }
}

int64_t GroupedStages::chunksOf(std::span<const KeyRange> ranges) const {
  uint32_t chunks = 0, size = uint32_t(gather);
  for (const KeyRange &range : ranges)
    chunks += (range.end - range.begin + size - 1) / size;
  return chunks;
}

int64_t GroupedStages::mostEntries(Groups groups) const {
  int64_t chunks = 0;
  for (std::span<const KeyRange> ranges : groups)
    chunks += chunksOf(ranges);
  // Each set of users and of those that mask may leave one stage open, and keys to clear one more.
  constexpr int64_t open = 8 + 2 * 19;
  return (chunks / perStage + open) * entries();
}

/// Appends the stages of these ranges and says with each who uses it, and which of them mask.
void GroupedStages::write(std::span<const KeyRange> ranges, unsigned users, unsigned masked,
                          bool clears, std::vector<uint32_t> &to, bool leavesRest) {
  if (ranges.empty())
    return;
  int64_t count = chunksOf(ranges);
  size_t before = to.size();
  to.resize(before + size_t((count + perStage - 1) / perStage * entries()));
  uint32_t *stage = to.data() + before;
  int64_t chunks = 0, keys = 0;
  auto close = [&] {
    completeStage({stage, size_t(perStage)}, size_t(chunks), gather, keyCount);
    bool isPadded = keys < perStage * gather;
    // A mask drops padding, too, of all that use the stage.
    unsigned masking = isPadded ? users : masked;
    int64_t columns = masked ? perStage * gather : keys;
    stage[perStage] = users | masking << maskedShift | (isPadded && !masked ? paddedBit : 0) |
                      (clears ? clearingBit : 0) | uint32_t(columns) << columnsShift;
    stage += entries();
    chunks = keys = 0;
  };
  int64_t stageKeys = perStage * gather;
  uint32_t wholeUse = users | masked << maskedShift | (clears ? clearingBit : 0) |
                      uint32_t(stageKeys) << columnsShift;
  for (const KeyRange &range : ranges) {
    int64_t key = range.begin;
    while (key < range.end) {
      // Most ranges are long, and most stages lie in one.
      for (; !chunks && key + stageKeys <= range.end; key += stageKeys, stage += entries()) {
        for (int64_t chunk = 0; chunk < perStage; ++chunk)
          stage[chunk] = uint32_t(key + chunk * gather);
        stage[0] |= consecutiveBit;
        stage[perStage] = wholeUse;
      }
      for (; key < range.end && (chunks || key + stageKeys > range.end); key += gather) {
        stage[chunks] = uint32_t(key);
        keys += std::min(gather, range.end - key);
        if (++chunks == perStage)
          close();
      }
    }
  }
  if (!chunks)
    return;
  if (!leavesRest)
    return close();
  rests.push_back({{stage, stage + chunks}, keys, users, masked});
  to.resize(to.size() - size_t(entries()));
}

/// Puts them together and writes the stages: first with those whose groups have others as well,
/// which gives no group more of them, then with any, which makes them fewer.
void GroupedStages::joinRests() {
  std::ranges::sort(rests, std::greater{}, [](const Rest &rest) {
    return std::tuple(std::popcount(rest.users), rest.users, rest.chunks.front());
  });
  for (bool amongOthers : {false, true}) {
    size_t joined = 0;
    for (size_t at = 0; at < rests.size(); ++at) {
      Rest &rest = rests[at];
      auto end = rests.begin() + std::ptrdiff_t(joined);
      auto open = std::find_if(rests.begin(), end, [&](const Rest &one) {
        return one.chunks.size() + rest.chunks.size() <= size_t(perStage) &&
               (amongOthers || !(rest.users & ~one.users));
      });
      if (open == end) {
        std::swap(rests[joined++], rest);
        continue;
      }
      open->masked |= rest.masked | (open->users ^ rest.users);
      open->users |= rest.users;
      open->keys += rest.keys;
      open->chunks.insert(open->chunks.end(), rest.chunks.begin(), rest.chunks.end());
    }
    rests.resize(joined);
  }
  for (Rest &rest : rests) {
    unsigned masking = rest.keys < perStage * gather ? rest.users : rest.masked;
    std::ranges::sort(rest.chunks);
    std::vector<uint32_t> &to = written[kindOf(rest.users, masking)];
    size_t before = to.size();
    to.resize(before + size_t(entries()));
    std::ranges::copy(rest.chunks, to.begin() + std::ptrdiff_t(before));
    completeStage({to.data() + before, size_t(perStage)}, rest.chunks.size(), gather, keyCount);
    to.back() = rest.users | masking << maskedShift | uint32_t(perStage * gather) << columnsShift;
  }
  rests.clear();
}

bool GroupedStages::hasMasks(const Kept &kept) {
  return std::ranges::any_of(std::span(kept).subspan(1), [](const auto &ofMasked) {
    return std::ranges::any_of(ofMasked, [](const auto &ranges) { return !ranges.empty(); });
  });
}

/// Appends the full stages, or those that some mask; their number.
uint32_t GroupedStages::appendKind(const Kept &kept, bool partial, unsigned all,
                                   const AttendedKeys &attended) {
  for (std::vector<uint32_t> &ofKind : written)
    ofKind.clear();
  bool leavesRest = hasMasks(kept);
  for (unsigned users = 1; users <= all; ++users) {
    if (!partial)
      write(kept[0][users], users, 0, /*clears=*/false, written[users], leavesRest);
    for (unsigned masked = 1; partial && masked <= users; ++masked) {
      if (kept[masked][users].empty())
        continue;
      for (bool isAttended : {true, false}) {
        pieces.clear();
        for (const KeyRange &range : kept[masked][users])
          attended.appendPieces(range, isAttended, pieces);
        write(pieces, users, masked, !isAttended, written[kindOf(users, masked)],
              /*leavesRest=*/isAttended);
      }
    }
  }
  if (partial)
    joinRests();
  return appendWritten(/*first=*/all);
}

/// Those of kind `first`, then the others in turn; their number.
uint32_t GroupedStages::appendWritten(unsigned first) {
  size_t before = stages.size(), words = 0;
  for (const std::vector<uint32_t> &ofKind : written)
    words += ofKind.size();
  stages.resize(before + words);
  uint32_t *to = stages.data() + before, *end = to + words;
  auto size = size_t(entries());
  to = std::ranges::copy(written[first], to).out;
  written[first].clear();
  std::array<std::span<const uint32_t>, kinds> left;
  size_t count = 0;
  for (unsigned kind : kindsInOrder)
    if (!written[kind].empty())
      left[count++] = written[kind];
  while (to != end)
    for (std::span<const uint32_t> &ofKind : std::span(left).first(count))
      if (!ofKind.empty()) {
        to = std::ranges::copy(ofKind.first(size), to).out;
        ofKind = ofKind.subspan(size);
      }
  return uint32_t(words / size);
}

/// Appends the stages of one tile, those of `shared` first.
StageRow GroupedStages::append(Kept &kept, unsigned all, std::span<const KeyRange> shared,
                               const AttendedKeys &attended) {
  size_t before = stages.size();
  StageRow row{.first = uint32_t(before / size_t(entries()))};
  write(shared, all, /*masked=*/0, /*clears=*/false, stages);
  row.shared = uint32_t((stages.size() - before) / size_t(entries()));
  if (row.shared)
    kept[0][all] = inBoth.without(kept[0][all]);
  row.full = row.shared + appendKind(kept, /*partial=*/false, all, attended);
  uint32_t wholeUse = all | uint32_t(perStage * gather) << columnsShift;
  auto useOf = [&](uint32_t stage) { return stages[before + size_t((stage + 1) * entries()) - 1]; };
  while (row.whole < std::min<int64_t>(row.full, mostSaid) && useOf(row.whole) == wholeUse)
    ++row.whole;
  row.partial = appendKind(kept, /*partial=*/true, all, attended);
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
  inBoth.find(keptOf[0][0][all], keptOf[1][0][all]);
  inBoth.shorten(std::min(inBoth.chunks() / perStage, mostSaid) * perStage);
  return {append(keptOf[0], all, inBoth.ranges(), attended),
          append(keptOf[1], all, inBoth.ranges(), attended)};
}

} // namespace halftone
