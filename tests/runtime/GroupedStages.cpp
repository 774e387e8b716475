#include "runtime/GroupedStages.h"

#include "tests/dsl/Property.h"
#include "tests/runtime/ChunkKinds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>

using namespace halftone;

namespace {

constexpr uint32_t flag = uint32_t{1} << 31;

/// A query tile of one to three groups, for a kernel that takes stages in so many parts.
struct Tile {
  int64_t tileK, gather, keyCount, parts;
  std::vector<test::ChunkKinds> kinds; ///< [group]
};

/// Walks the stages as the warp groups of a kernel do.
struct Walk {
  const Tile &tile;
  const AttendedKeys &attended;
  size_t groups = tile.kinds.size();
  std::vector<std::vector<int>> covered{groups, std::vector<int>(size_t(tile.keyCount))};
  int64_t page; ///< the next one of kept pairs

  /// What is wrong with a part of a stage, or nothing. `isFull`: no mask is evaluated.
  std::string part(std::span<const uint32_t> starts, uint32_t use, bool isFull) {
    int64_t columns = 0, all = int64_t(starts.size()) * tile.gather;
    for (uint32_t start : starts)
      columns += std::clamp<int64_t>(tile.keyCount - (start & ~flag), 0, tile.gather);
    uint32_t users = use & 7, masking = use >> 3 & 7;
    bool clears = use & 128;
    if (bool(use & 64) != (tile.parts == 2 && columns < all))
      return "the padding bit is wrong";
    if (int64_t(use >> 8) != (tile.parts == 2 ? columns : page))
      return "the number of columns or of the page is wrong";
    if (tile.parts == 1)
      page += std::popcount(masking);
    if (!users || users >> groups)
      return "no group uses a stage, or one that is not there";
    if (masking & ~users || (isFull && masking != (columns < all ? users : 0)))
      return "a stage is not masked by those that must, or by one that does not use it";
    if (clears && (isFull || masking != users))
      return "a stage is cleared that not all mask";
    std::vector<bool> keepsSome(groups);
    for (size_t chunk = 0; chunk < starts.size(); ++chunk) {
      int64_t start = starts[chunk] & ~flag;
      for (int64_t k = 0; k < tile.gather; ++k) {
        int64_t key = start + k;
        bool hasKey = key < tile.keyCount;
        if (isFull && hasKey != (int64_t(chunk) * tile.gather + k < columns))
          return "a full stage's column count is not where its keys end";
        if (!hasKey) {
          if (!isFull && masking != users)
            return "padding is not dropped";
          continue;
        }
        if (!isFull && attended.holds({uint32_t(start), uint32_t(start + tile.gather)}) == clears)
          return "a key that maybe no query attends to is not cleared, or another one is";
        for (size_t group = 0; group < groups; ++group) {
          int kind = tile.kinds[group][size_t(key / tile.gather)];
          bool uses = use >> group & 1;
          covered[group][size_t(key)] += uses && kind;
          keepsSome[group] = keepsSome[group] || kind;
          if (uses && kind != 2 && !(masking >> group & 1))
            return "a group must mask and does not";
        }
      }
    }
    for (size_t group = 0; group < groups; ++group)
      if ((use >> group & 1) && !keepsSome[group])
        return "a group uses a stage that it keeps nothing of";
    return {};
  }
};

/// What is wrong with the stages of a row, or nothing. Its pages begin with number `page`.
std::string complaint(const Tile &tile, const StageRow &row, std::span<const uint32_t> stages,
                      const AttendedKeys &attended, int64_t &page) {
  auto perStage = size_t(tile.tileK / tile.gather);
  Walk walk{.tile = tile, .attended = attended, .page = page};
  for (uint32_t i = 0; i < row.full + row.partial; ++i) {
    std::span<const uint32_t> entries =
        stages.subspan(size_t(row.first + i) * (perStage + 1), perStage + 1);
    if (!test::hasRightFlags(entries.first(perStage), tile.gather))
      return "a flag is wrong";
    uint32_t uses = entries.back(), all = (1U << walk.groups) - 1;
    if (i < row.whole && tile.parts == 2 && uses >> 16 != (uses & 0xffff))
      return "the halves of a whole stage differ";
    for (int64_t part = 0; part < tile.parts; ++part) {
      uint32_t use = tile.parts == 1 ? uses : uses >> 16 * part & 0xffff;
      std::span<const uint32_t> starts = entries.subspan(
          perStage / size_t(tile.parts) * size_t(part), perStage / size_t(tile.parts));
      if (i < row.whole) {
        uint32_t columns = uint32_t(int64_t(starts.size()) * tile.gather);
        if (use != (tile.parts == 1 ? all : all | columns << 8))
          return "a stage is not whole for all";
        use |= tile.parts == 1 ? uint32_t(walk.page) << 8 : 0;
      }
      if (!use && part == 1 && i + 1 == row.full)
        continue; // padding
      if (std::string what = walk.part(starts, use, i < row.full); !what.empty())
        return what;
    }
  }
  page = walk.page;
  for (size_t group = 0; group < walk.groups; ++group)
    for (int64_t key = 0; key < tile.keyCount; ++key)
      if (int seen = walk.covered[group][size_t(key)];
          seen != (tile.kinds[group][size_t(key / tile.gather)] != 0))
        return "group " + std::to_string(group) + " sees key " + std::to_string(key) + " " +
               std::to_string(seen) + " times";
  return {};
}

/// Without a mask nothing is kept in part.
test::ChunkKinds drawKinds(const Tile &tile) {
  test::ChunkKinds kinds = test::drawKinds(tile.tileK, tile.gather, tile.keyCount);
  if (tile.parts == 2)
    std::ranges::replace(kinds, 1, 2);
  return kinds;
}

Tile drawTile(int64_t gather) {
  int64_t parts = *rc::gen::element<int64_t>(1, 2);
  int64_t tileK = gather * parts * *rc::gen::inRange<int64_t>(1, parts * gather > 32 ? 3 : 9);
  Tile tile{tileK, gather, *rc::gen::inRange<int64_t>(1, 12 * tileK), parts, {}};
  for (int group = *rc::gen::inRange(1, 4); group > 0; --group)
    tile.kinds.push_back(drawKinds(tile));
  return tile;
}

} // namespace

TEST_CASE("every group sees the keys it keeps once, and masks what it keeps in part") {
  CHECK(test::holds("grouped stages", 2000, [] {
    int64_t gather = *rc::gen::element<int64_t>(1, 16, 64);
    Tile tile = drawTile(gather);
    std::vector<std::vector<KeyRange>> ranges;
    std::vector<std::span<const KeyRange>> groups;
    for (const test::ChunkKinds &kinds : tile.kinds)
      ranges.push_back(test::rangesOf(kinds, gather, tile.keyCount));
    for (const std::vector<KeyRange> &own : ranges)
      groups.emplace_back(own);
    int64_t entries = tile.tileK / gather + 1;
    std::vector<uint32_t> stages(size_t(*rc::gen::inRange<int64_t>(0, 3) * entries));
    size_t before = stages.size();
    GroupedStages grouped(stages, tile.tileK, gather, tile.keyCount, tile.parts);
    AttendedKeys attended(gather, tile.keyCount, groups);
    StageRow row = grouped.cut(groups, attended);
    RC_ASSERT(int64_t(stages.size() - before) <= grouped.mostEntries(groups));
    int64_t pages = 0;
    RC_ASSERT(complaint(tile, row, stages, attended, pages) == "");
    RC_ASSERT(grouped.pageCount() == pages);
  }));
}

TEST_CASE("two tiles begin with the stages that every group of both keeps in full") {
  CHECK(test::holds("pairs of grouped stages", 2000, [] {
    int64_t gather = *rc::gen::element<int64_t>(1, 16, 64);
    Tile tiles[2] = {drawTile(gather), {}};
    tiles[1] = tiles[0];
    int64_t perStage = tiles[0].tileK / gather;
    for (test::ChunkKinds &kinds : tiles[1].kinds)
      if (*rc::gen::inRange(0, 2))
        kinds = drawKinds(tiles[1]);
    std::vector<std::vector<KeyRange>> ranges;
    std::vector<std::span<const KeyRange>> groups;
    for (const Tile &tile : tiles)
      for (const test::ChunkKinds &kinds : tile.kinds)
        ranges.push_back(test::rangesOf(kinds, gather, tile.keyCount));
    for (const std::vector<KeyRange> &own : ranges)
      groups.emplace_back(own);
    std::vector<uint32_t> stages;
    GroupedStages grouped(stages, tiles[0].tileK, gather, tiles[0].keyCount, tiles[0].parts);
    size_t each = tiles[0].kinds.size();
    AttendedKeys attended(gather, tiles[0].keyCount, groups);
    auto rows =
        grouped.cutPair(std::span(groups).first(each), std::span(groups).last(each), attended);
    int64_t pages = 0;
    RC_ASSERT(complaint(tiles[0], rows[0], stages, attended, pages) == "");
    RC_ASSERT(complaint(tiles[1], rows[1], stages, attended, pages) == "");
    RC_ASSERT(grouped.pageCount() == pages);

    int64_t inAll = 0;
    for (int64_t chunk = 0; (chunk + 1) * gather <= tiles[0].keyCount; ++chunk)
      inAll += std::ranges::all_of(tiles, [&](const Tile &tile) {
        return std::ranges::all_of(
            tile.kinds, [&](const test::ChunkKinds &kinds) { return kinds[size_t(chunk)] == 2; });
      });
    RC_ASSERT(rows[0].shared == inAll / perStage);
    RC_ASSERT(rows[1].shared == rows[0].shared);
    auto sharedOf = [&](const StageRow &row) {
      return std::span(stages).subspan(size_t(row.first * (perStage + 1)),
                                       size_t(row.shared * (perStage + 1)));
    };
    RC_ASSERT(std::ranges::equal(sharedOf(rows[0]), sharedOf(rows[1])));
  }));
}

TEST_CASE("shared stages come first, then those of some next to those of the others") {
  std::vector<uint32_t> stages;
  GroupedStages grouped(stages, 32, 16, 1000, 1);
  std::vector<KeyRange> first{{0, 64, true}, {112, 128, true}},
      second{{0, 48, true}, {160, 176, true}}, third{{0, 48, true}, {112, 128, true}};
  std::span<const KeyRange> groups[] = {first, second, third};
  StageRow row = grouped.cut(groups, AttendedKeys(16, 1000, groups));
  CHECK(row.whole == 1);
  CHECK(row.full == 5);
  CHECK(row.partial == 0);
  // A stage with padding is masked by all that use it: each has a page.
  auto padded = [](uint32_t users, uint32_t page) { return users | users << 3 | page << 8; };
  CHECK(stages == std::vector<uint32_t>{0 | flag, 16, 7,         //
                                        32, 1000, padded(7, 0),  //
                                        48, 1000, padded(1, 3),  //
                                        112, 1000, padded(5, 4), //
                                        160, 1000, padded(2, 6)});
  CHECK(grouped.pageCount() == 7);
}

TEST_CASE("where there is a mask, what does not fill a stage shares one with the rest of others") {
  std::vector<uint32_t> stages;
  GroupedStages grouped(stages, 32, 16, 1000, 1);
  std::vector<KeyRange> first{{0, 64, true}, {96, 128, true}},
      second{{0, 48, true}, {160, 176, true}},
      third{{0, 48, true}, {96, 112, false}, {112, 128, true}};
  std::span<const KeyRange> groups[] = {first, second, third};
  StageRow row = grouped.cut(groups, AttendedKeys(16, 1000, groups));
  CHECK(row.whole == 1);
  CHECK(row.full == 1);
  CHECK(row.partial == 3);
  auto use = [](uint32_t users, uint32_t masking, uint32_t page) {
    return users | masking << 3 | page << 8;
  };
  CHECK(stages == std::vector<uint32_t>{0 | flag, 16, use(7, 0, 0), //
                                        32, 112, use(7, 2, 0),      // the second lacks one chunk
                                        48, 96, use(5, 4, 1),       // the third lacks one
                                        160, 1000, use(2, 2, 2)});
}

TEST_CASE("bands that move with the rows: no group masks two stages in a row") {
  std::vector<uint32_t> stages;
  GroupedStages grouped(stages, 64, 64, 10'000, 1);
  std::vector<KeyRange> ofGroup[3];
  for (uint32_t band : {0U, 1024U, 4096U})
    for (uint32_t group = 0; group < 3; ++group) {
      uint32_t begin = band + 64 * group, end = begin + 256;
      for (KeyRange range :
           {KeyRange{begin, begin + 64, false}, {begin + 64, end, true}, {end, end + 64, false}})
        ofGroup[group].push_back(range);
    }
  std::span<const KeyRange> groups[] = {ofGroup[0], ofGroup[1], ofGroup[2]};
  StageRow row = grouped.cut(groups, AttendedKeys(64, 10'000, groups));
  CHECK(row.whole == 3);
  REQUIRE(row.partial == 18);
  auto maskersOf = [&](uint32_t stage) { return stages[2 * size_t(stage) + 1] >> 3 & 7; };
  for (uint32_t stage = row.full + 1; stage < row.full + row.partial; ++stage)
    CHECK((maskersOf(stage) & maskersOf(stage - 1)) == 0);
}

TEST_CASE("of keys that two groups keep, the one that keeps them in part masks") {
  std::vector<uint32_t> stages;
  GroupedStages grouped(stages, 32, 16, 1000, 1);
  std::vector<KeyRange> first{{0, 64, true}}, second{{0, 32, false}, {64, 96, false}};
  std::span<const KeyRange> groups[] = {first, second};
  StageRow row = grouped.cut(groups, AttendedKeys(16, 1000, groups));
  CHECK(row.full == 0);
  CHECK(row.partial == 3);
  // No query attends to all of the keys from 64 on.
  CHECK(stages == std::vector<uint32_t>{0 | flag, 16, 3 | 2 << 3,  //
                                        32 | flag, 48, 1 | 1 << 8, //
                                        64 | flag, 80, 2 | 2 << 3 | 128 | 1 << 8});
}

TEST_CASE("halves are put together so that every group has as much to do") {
  std::vector<uint32_t> stages;
  GroupedStages grouped(stages, 64, 32, 1000, 2);
  std::vector<KeyRange> first{{0, 96, true}, {960, 1000, true}},
      second{{0, 64, true}, {96, 160, true}},
      third{{0, 64, true}, {96, 160, true}, {192, 224, true}};
  std::span<const KeyRange> groups[] = {first, second, third};
  StageRow row = grouped.cut(groups, AttendedKeys(32, 1000, groups));
  CHECK(row.whole == 1);
  CHECK(row.full == 4);
  CHECK(row.partial == 0);
  auto half = [](uint32_t users, uint32_t columns = 32) {
    return users | (columns < 32 ? 64U | users << 3 : 0U) | columns << 8;
  };
  auto uses = [](uint32_t one, uint32_t other) { return one | other << 16; };
  CHECK(stages == std::vector<uint32_t>{0 | flag, 32, uses(half(7), half(7)),  //
                                        64 | flag, 96, uses(half(1), half(6)), //
                                        960, 128, uses(half(1), half(6)),      //
                                        992, 192, uses(half(1, 8), half(4))});
}
