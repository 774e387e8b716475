#include "runtime/GatheredStages.h"

#include "tests/dsl/Property.h"
#include "tests/runtime/ChunkKinds.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace halftone;

namespace {

constexpr uint32_t flag = uint32_t{1} << 31;

/// One query tile.
struct Tile {
  int64_t tileK, gather, keyCount;
  test::ChunkKinds kinds;

  std::vector<KeyRange> ranges() const { return test::rangesOf(kinds, gather, keyCount); }
  int64_t chunksOf(int kind) const { return std::count(kinds.begin(), kinds.end(), kind); }
};

/// Walks the stages of a row as a kernel does.
struct Walk {
  const Tile &tile;
  std::span<const uint32_t> stages;
  std::vector<int> covered;
  int64_t keys = 0;

  /// What is wrong with a stage; empty: nothing. Of a stage of full keys the first `columns` hold a
  /// key; -1: those of a partial stage may lie anywhere.
  std::string stage(int64_t number, int kind, int64_t columns) {
    int64_t perStage = tile.tileK / tile.gather;
    std::span<const uint32_t> entries = stages.subspan(size_t(number * perStage), size_t(perStage));
    for (int64_t i = 0; i < perStage; ++i) {
      int64_t start = entries[size_t(i)] & ~flag;
      for (int64_t row = 0; row < tile.gather; ++row) {
        int64_t key = start + row;
        bool hasKey = key < tile.keyCount;
        if (columns >= 0 && hasKey != (i * tile.gather + row < columns))
          return "a full stage's column count is not where its keys end";
        if (!hasKey)
          continue;
        if (tile.kinds[size_t(key / tile.gather)] != kind)
          return "key " + std::to_string(key) + " is in a stage of the other kind, or dropped";
        ++covered[size_t(key)], ++keys;
      }
    }
    return test::hasRightFlags(entries, tile.gather) ? "" : "a flag is wrong";
  }
};

std::string complaint(const Tile &tile, const std::vector<uint32_t> &stages, const StageRow &row) {
  int64_t perStage = tile.tileK / tile.gather;
  auto stagesOf = [&](int kind) { return (tile.chunksOf(kind) + perStage - 1) / perStage; };
  if (row.full != std::max<int64_t>(1, stagesOf(2)) || row.partial != stagesOf(1))
    return "the number of stages is wrong";
  Walk walk{tile, stages, std::vector<int>(size_t(tile.keyCount)), 0};
  for (uint32_t i = 0; i < row.full + row.partial; ++i) {
    bool isFull = i < row.full;
    std::string wrong = walk.stage(row.first + i, isFull ? 2 : 1,
                                   i == 0   ? int64_t(row.columns)
                                   : isFull ? tile.tileK
                                            : -1);
    if (!wrong.empty())
      return "stage " + std::to_string(i) + ": " + wrong;
  }
  for (int64_t key = 0; key < tile.keyCount; ++key)
    if (walk.covered[size_t(key)] != (tile.kinds[size_t(key / tile.gather)] != 0))
      return "key " + std::to_string(key) + " is covered " +
             std::to_string(walk.covered[size_t(key)]) + " times";
  return {};
}

Tile drawTile(int64_t tileK, int64_t gather) {
  int64_t keyCount = *rc::gen::inRange<int64_t>(1, 12 * tileK);
  return {tileK, gather, keyCount, test::drawKinds(tileK, gather, keyCount)};
}

/// Attends to nothing for sure.
AttendedKeys nobody(int64_t gather, int64_t keyCount) { return {gather, keyCount, {}}; }
AttendedKeys nobody(const Tile &tile) { return nobody(tile.gather, tile.keyCount); }

} // namespace

TEST_CASE("stages cover the kept ranges exactly, each key once, and say where padding is") {
  CHECK(test::holds("gathered stages", 2000, [] {
    int64_t gather = *rc::gen::element<int64_t>(1, 16, 64);
    int64_t tileK = gather * *rc::gen::inRange<int64_t>(1, 13);
    std::vector<uint32_t> stages;
    std::vector<Tile> tiles;
    std::vector<StageRow> rows;
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
      tiles.push_back(drawTile(tileK, gather));
      GatheredStages gathered(stages, tileK, gather, tiles.back().keyCount);
      uint32_t next = uint32_t(stages.size()) / uint32_t(tileK / gather);
      int64_t before = int64_t(stages.size());
      rows.push_back(gathered.cut(tiles.back().ranges(), nobody(tiles.back())));
      RC_ASSERT(rows.back().first == next);
      RC_ASSERT(int64_t(stages.size()) - before == gathered.entriesOf(tiles.back().ranges()));
    }
    for (size_t i = 0; i < tiles.size(); ++i)
      RC_ASSERT(complaint(tiles[i], stages, rows[i]) == "");
  }));
}

TEST_CASE(
    "two tiles share as many stages as keys that both keep make, less one where none is left") {
  CHECK(test::holds("pairs of gathered stages", 2000, [] {
    int64_t gather = *rc::gen::element<int64_t>(1, 16, 64);
    int64_t perStage = *rc::gen::inRange<int64_t>(1, 13);
    Tile one = drawTile(perStage * gather, gather), other = one;
    other.kinds = test::drawKinds(one.tileK, gather, one.keyCount);
    if (*rc::gen::inRange(0, 4) == 0)
      other.kinds = one.kinds;
    std::vector<uint32_t> stages;
    GatheredStages gathered(stages, one.tileK, gather, one.keyCount);
    auto rows = gathered.cutPair(one.ranges(), other.ranges(), nobody(one));
    RC_ASSERT(complaint(one, stages, rows[0]) == "");
    RC_ASSERT(complaint(other, stages, rows[1]) == "");
    RC_ASSERT(int64_t(stages.size()) ==
              gathered.entriesOf(one.ranges()) + gathered.entriesOf(other.ranges()));

    int64_t inBoth = 0;
    for (int64_t chunk = 0; (chunk + 1) * gather <= one.keyCount; ++chunk)
      inBoth += one.kinds[size_t(chunk)] == 2 && other.kinds[size_t(chunk)] == 2;
    int64_t most = inBoth / perStage;
    bool isAll = most && std::min(one.chunksOf(2), other.chunksOf(2)) == most * perStage;
    RC_ASSERT(rows[0].shared == most - isAll);
    RC_ASSERT(rows[1].shared == rows[0].shared);
    auto sharedOf = [&](const StageRow &row) {
      return std::span(stages).subspan(size_t((row.first + 1) * perStage),
                                       size_t(row.shared * perStage));
    };
    RC_ASSERT(std::ranges::equal(sharedOf(rows[0]), sharedOf(rows[1])));
  }));
}

TEST_CASE("the remainder comes first, the ragged end in it, and padding after it") {
  std::vector<uint32_t> stages;
  GatheredStages gathered(stages, 64, 16, 200);
  StageRow row =
      gathered.cut(std::vector<KeyRange>{{0, 64, true}, {96, 200, true}}, nobody(16, 200));
  CHECK(row.first == 0);
  CHECK(row.full == 3);
  CHECK(row.partial == 0);
  CHECK(row.columns == 40);
  CHECK(stages == std::vector<uint32_t>{160 | flag, 176, 192, 208, //
                                        0 | flag, 16, 32, 48,      //
                                        96 | flag, 112, 128, 144});

  row = gathered.cut(std::vector<KeyRange>{{32, 48, false}, {64, 80, true}, {80, 96, false}},
                     nobody(16, 200));
  CHECK(row.first == 3);
  CHECK(row.full == 1);
  CHECK(row.partial == 1);
  CHECK(row.columns == 16);
  stages.erase(stages.begin(), stages.begin() + 12);
  CHECK(stages == std::vector<uint32_t>{64, 200, 216, 232, 32, 80, 200, 216});
}

TEST_CASE("a tile that keeps nothing has one stage of padding") {
  std::vector<uint32_t> stages;
  GatheredStages gathered(stages, 64, 16, 100);
  StageRow row = gathered.cut({}, nobody(16, 100));
  CHECK(row.full == 1);
  CHECK(row.partial == 0);
  CHECK(row.columns == 0);
  CHECK(stages == std::vector<uint32_t>{100 | flag, 116, 132, 148});
}

TEST_CASE("a chunk of a whole tile is consecutive by itself") {
  std::vector<uint32_t> stages;
  GatheredStages gathered(stages, 128, 128, 300);
  StageRow row =
      gathered.cut(std::vector<KeyRange>{{0, 128, false}, {128, 300, true}}, nobody(128, 300));
  CHECK(row.full == 2);
  CHECK(row.partial == 1);
  CHECK(row.columns == 44);
  CHECK(stages == std::vector<uint32_t>{256 | flag, 128 | flag, 0 | flag});
}

TEST_CASE("the producer may read three stages past the last") {
  std::vector<uint32_t> stages;
  GatheredStages gathered(stages, 64, 16, 100);
  (void)gathered.cut({}, nobody(16, 100));
  gathered.finish();
  CHECK(stages.size() == 4 * 4);
}

TEST_CASE("partial chunks that some query attends to for sure come first, and are not cleared") {
  std::vector<uint32_t> stages;
  GatheredStages gathered(stages, 32, 16, 200);
  std::vector<KeyRange> elsewhere{{48, 96, true}, {192, 200, true}};
  std::vector<KeyRange> ranges{{0, 80, false}, {176, 200, false}};
  std::span<const KeyRange> tiles[] = {elsewhere, ranges};
  StageRow row = gathered.cut(ranges, AttendedKeys(16, 200, tiles));
  CHECK(row.full == 1);
  CHECK(row.partial == 4);
  // 48, 64, 192 are attended to; 0, 16, 32, 176 maybe not.
  CHECK(row.clearing == 3);
  stages.erase(stages.begin(), stages.begin() + 2);
  CHECK(stages == std::vector<uint32_t>{48 | flag, 64, 192, 0, 16 | flag, 32, 176, 200});

  stages.clear();
  row = gathered.cut(std::vector<KeyRange>{{48, 80, false}}, AttendedKeys(16, 200, tiles));
  CHECK(row.clearing == 0);
}
