#include "runtime/GroupedStages.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <tuple>
#include <utility>

namespace halftone {
namespace {

constexpr uint32_t maskedShift = 3, paddedBit = 64, clearingBit = 128, columnsShift = 8,
                   halfShift = 16, pageShift = 8;

/// Parts of one kind are used by the same groups and masked by the same of them.
constexpr unsigned kindOf(unsigned users, unsigned masked) { return users | masked << maskedShift; }

/// The order in which kinds take turns. Sets of groups are next to their complements, so that what
/// one leaves idle the next may keep busy; what the first group masks of a band's beginning, and
/// the last of its end, come in between, so that no group masks two stages in a row.
constexpr auto kindsInOrder = [] {
  std::array<unsigned, 64> order{kindOf(7, 1), kindOf(4, 4), kindOf(6, 2),
                                 kindOf(7, 4), kindOf(1, 1), kindOf(3, 2)};
  size_t count = 6;
  for (unsigned users : {7, 3, 4, 6, 1, 5, 2, 0})
    for (unsigned masked = 0; masked < 8; ++masked)
      if (auto end = order.begin() + count;
          std::find(order.begin(), end, kindOf(users, masked)) == end)
        order[count++] = kindOf(users, masked);
  return order;
}();

/// Which halves make a stage, by their users: of such two every group has as much to do.
constexpr std::array<std::array<unsigned, 2>, 4> couples{{{7, 7}, {1, 6}, {3, 4}, {2, 5}}};

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
    else // made where it lies: a copy would read as one word what was just written as two
      ranges.emplace_back(begin, end, masked == 0);
    for (Walker &walker : walkers)
      if (walker.now.begin == begin) {
        walker.now.begin = end;
        if (walker.now.end == end)
          walker.advance();
      }
  }
}

int64_t GroupedStages::chunksOf(std::span<const KeyRange> ranges) const {
  int64_t chunks = 0;
  for (const KeyRange &range : ranges)
    chunks += byGather.up(range.end - range.begin);
  return chunks;
}

int64_t GroupedStages::mostEntries(Groups groups) const {
  int64_t chunks = 0;
  for (std::span<const KeyRange> ranges : groups)
    chunks += chunksOf(ranges);
  // Each set of users and of those that mask may leave a part open, and keys to clear one more.
  constexpr int64_t open = 8 + 2 * 19;
  return (chunks / perStage + open) * entries();
}

uint32_t GroupedStages::wholeUse(unsigned users) const {
  uint32_t use = users | columnsOf(perPart * gather);
  return parts == 1 ? use : use | use << halfShift;
}

/// A mask drops padding as well, and its page stands there instead.
uint32_t GroupedStages::columnsOf(int64_t keys) const {
  return parts == 1 ? 0 : uint32_t(keys) << columnsShift;
}

/// Appends whole stages of ranges that all groups keep in full, at most so many; their number. What
/// is left of the ranges goes to `rest`.
uint32_t GroupedStages::writeWhole(std::span<const KeyRange> ranges, unsigned all, int64_t most) {
  int64_t chunks = 0;
  for (const KeyRange &range : ranges) // the chunk at the end of the keys may not be whole
    chunks += byGather.down(range.end - range.begin);
  int64_t count = std::min(chunks / perStage, most), left = count * perStage;
  size_t before = stages.size();
  stages.resize(before + size_t(count * entries()));
  uint32_t *stage = stages.data() + before;
  auto step = uint32_t(gather);
  uint32_t use = wholeUse(all);
  int64_t chunk = 0;
  for (const KeyRange &range : ranges) {
    int64_t whole = std::min(byGather.down(range.end - range.begin), left);
    uint32_t key = range.begin;
    left -= whole;
    // Most ranges are long, and most stages lie in one.
    for (; !chunk && whole >= perStage; whole -= perStage, stage += entries()) {
      key = writeRun({stage, size_t(perStage)}, key);
      stage[0] |= consecutiveBit;
      stage[perStage] = use;
    }
    for (; whole > 0; --whole, key += step) {
      stage[chunk] = key;
      if (++chunk < perStage)
        continue;
      flagConsecutive({stage, size_t(perStage)}, gather);
      stage[perStage] = use;
      stage += entries();
      chunk = 0;
    }
    if (key < range.end)
      rest.emplace_back(key, range.end, true);
  }
  return uint32_t(count);
}

/// Appends the parts of these ranges and says with each who uses it, and which of them mask it.
void GroupedStages::write(std::span<const KeyRange> ranges, unsigned users, unsigned masked,
                          bool clears, std::vector<uint32_t> &to, bool leavesRest) {
  if (ranges.empty())
    return;
  int64_t count = chunksOf(ranges);
  size_t before = to.size();
  to.resize(before + size_t((count + perPart - 1) / perPart * (perPart + 1)));
  uint32_t *part = to.data() + before;
  int64_t chunks = 0, keys = 0;
  auto close = [&] {
    std::span<uint32_t> starts(part, size_t(perPart));
    complete(starts, size_t(chunks));
    bool isPadded = keys < perPart * gather;
    // A mask drops padding, too, of all that use the part.
    unsigned masking = isPadded ? users : masked;
    part[perPart] = users | masking << maskedShift | (isPadded && parts == 2 ? paddedBit : 0) |
                    (clears ? clearingBit : 0) | columnsOf(keys);
    part += perPart + 1;
    chunks = keys = 0;
  };
  int64_t partKeys = perPart * gather;
  uint32_t use = users | masked << maskedShift | (clears ? clearingBit : 0) | columnsOf(partKeys);
  for (const KeyRange &range : ranges) {
    int64_t key = range.begin;
    while (key < range.end) {
      for (; !chunks && key + partKeys <= range.end; part += perPart + 1) {
        key = writeRun({part, size_t(perPart)}, uint32_t(key));
        part[0] |= parts == 1 ? consecutiveBit : 0;
        part[perPart] = use;
      }
      for (; key < range.end && (chunks || key + partKeys > range.end); key += gather) {
        part[chunks] = uint32_t(key);
        keys += std::min(gather, range.end - key);
        if (++chunks == perPart)
          close();
      }
    }
  }
  if (!chunks)
    return;
  if (!leavesRest)
    return close();
  rests.push_back({{part, part + chunks}, keys, users, masked});
  to.resize(to.size() - size_t(perPart + 1));
}

/// Puts them together and writes the parts: first with those whose groups have others as well,
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
        return one.chunks.size() + rest.chunks.size() <= size_t(perPart) &&
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
    unsigned masking = rest.keys < perPart * gather ? rest.users : rest.masked;
    std::ranges::sort(rest.chunks);
    std::vector<uint32_t> &to = written[kindOf(rest.users, masking)];
    size_t before = to.size();
    to.resize(before + size_t(perPart + 1));
    std::ranges::copy(rest.chunks, to.begin() + std::ptrdiff_t(before));
    complete({to.data() + before, size_t(perPart)}, rest.chunks.size());
    to.back() = rest.users | masking << maskedShift | columnsOf(perPart * gather);
  }
  rests.clear();
}

bool GroupedStages::hasMasks(const Kept &kept) {
  return std::ranges::any_of(std::span(kept).subspan(1), [](const auto &ofMasked) {
    return std::ranges::any_of(ofMasked, [](const auto &ranges) { return !ranges.empty(); });
  });
}

/// Appends the stages that are not whole; their number.
uint32_t GroupedStages::appendParts(const Kept &kept, unsigned all, const AttendedKeys &attended) {
  for (std::vector<uint32_t> &ofKind : written)
    ofKind.clear();
  bool leavesRest = hasMasks(kept);
  for (unsigned users = 1; users <= all; ++users) {
    write(kept[0][users], users, 0, /*clears=*/false, written[users], leavesRest);
    for (unsigned masked = 1; masked <= users; ++masked) {
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
  joinRests();
  size_t before = stages.size();
  parts == 1 ? appendInTurns() : appendCouples();
  if (parts == 1)
    numberPages(std::span(stages).subspan(before));
  return uint32_t((stages.size() - before) / size_t(entries()));
}

void GroupedStages::numberPages(std::span<uint32_t> appended) {
  for (size_t at = size_t(perStage); at < appended.size(); at += size_t(entries())) {
    uint32_t &use = appended[at];
    use |= uint32_t(pages) << pageShift;
    pages += std::popcount(use >> maskedShift & 7);
  }
}

void GroupedStages::appendInTurns() {
  std::array<std::span<const uint32_t>, kinds> left;
  size_t count = 0;
  for (unsigned kind : kindsInOrder)
    if (!written[kind].empty())
      left[count++] = written[kind];
  auto size = size_t(entries());
  size_t before;
  do {
    before = stages.size();
    for (std::span<const uint32_t> &ofKind : std::span(left).first(count))
      if (!ofKind.empty()) {
        stages.insert(stages.end(), ofKind.begin(), ofKind.begin() + std::ptrdiff_t(size));
        ofKind = ofKind.subspan(size);
      }
  } while (stages.size() != before);
}

/// What is left of couples is put together as it comes. Without a mask a half is used as a whole,
/// or it is the last one, with padding.
void GroupedStages::appendCouples() {
  struct Halves {
    std::span<const uint32_t> whole, padded;
    size_t words() const { return whole.size() + padded.size(); }
  };
  auto size = size_t(perPart + 1);
  std::array<Halves, subsets> left;
  size_t words = 0, before = stages.size();
  for (unsigned users = 1; users < subsets; ++users) {
    left[users] = {written[kindOf(users, 0)], written[kindOf(users, users)]};
    words += left[users].words();
  }
  auto take = [&](unsigned users) {
    std::span<const uint32_t> &from =
        left[users].whole.empty() ? left[users].padded : left[users].whole;
    const uint32_t *half = from.data();
    from = from.subspan(size);
    return half;
  };
  stages.resize(before + (words / size + 1) / 2 * size_t(entries()));
  uint32_t *to = stages.data() + before;
  auto write = [&](const uint32_t *first, const uint32_t *second) {
    writeStage(to, first, second);
    to += entries();
  };
  const uint32_t *round;
  do {
    round = to;
    for (auto [a, b] : couples)
      if (left[a].words() && left[b].words() > (a == b ? size : 0)) {
        const uint32_t *first = take(a);
        write(first, take(b));
      }
  } while (to != round);
  const uint32_t *single = nullptr;
  for (unsigned users = 1; users < subsets; ++users)
    while (left[users].words()) {
      const uint32_t *half = take(users);
      if (single)
        write(std::exchange(single, nullptr), half);
      else
        single = half;
    }
  if (single)
    write(single, nullptr);
}

/// Of two halves, or of one and padding.
void GroupedStages::writeStage(uint32_t *to, const uint32_t *first, const uint32_t *second) const {
  auto half = size_t(perPart);
  std::span<uint32_t> stage(to, 2 * half);
  for (size_t chunk = 0; chunk < half; ++chunk) { // mostly one: no call
    stage[chunk] = first[chunk];
    stage[half + chunk] = second ? second[chunk] : 0;
  }
  if (!second)
    complete(stage.subspan(half), 0);
  to[2 * half] = first[half] | (second ? second[half] : 0) << halfShift;
  flagConsecutive(stage, gather);
}

/// Chunks that begin at `key` and lie in a row; where they end.
uint32_t GroupedStages::writeRun(std::span<uint32_t> chunks, uint32_t key) const {
#pragma clang loop vectorize(disable) // mostly two
  for (uint32_t &start : chunks) {
    start = key;
    key += uint32_t(gather);
  }
  return key;
}

/// A half has no flag of its own.
void GroupedStages::complete(std::span<uint32_t> part, size_t chunks) const {
  completeStage(part, chunks, gather, keyCount);
  if (parts == 2)
    for (uint32_t &start : part)
      start &= ~consecutiveBit;
}

/// Appends the stages of one tile, those of `shared` first.
StageRow GroupedStages::append(Kept &kept, unsigned all, std::span<const KeyRange> shared,
                               const AttendedKeys &attended) {
  StageRow row{.first = uint32_t(stages.size() / size_t(entries()))};
  std::vector<KeyRange> &ofAll = kept[0][all];
  rest.clear();
  row.shared = writeWhole(shared, all, mostSaid);
  std::span<const KeyRange> own = row.shared ? inBoth.without(ofAll) : ofAll;
  row.whole = row.shared + writeWhole(own, all, mostSaid - row.shared);
  std::swap(ofAll, rest);
  row.full = row.whole;
  (hasMasks(kept) ? row.partial : row.full) += appendParts(kept, all, attended);
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
