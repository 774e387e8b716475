#include "runtime/StageLists.h"

#include "kernels/patterns/Radial.h"
#include "runtime/TileCutter.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace halftone;

namespace {

bool isSame(const StageRow &a, const StageRow &b) { return std::memcmp(&a, &b, sizeof(a)) == 0; }

/// What one cutter makes of all tiles of a class.
void checkAgainstOne(const Problem &problem, const Schedule &schedule, bool forMasks) {
  CAPTURE(problem.text());
  CAPTURE(schedule.text());
  Result<TileMap> map = TileMap::build(problem, schedule.keptRows(),
                                       schedule.gather ? schedule.gather : schedule.tileK);
  REQUIRE(map);
  REQUIRE(map->classCount() == 1);
  QueryTiles tiles(problem, schedule, *map, forMasks);
  Result<StageLists> lists = StageLists::cut(tiles);
  REQUIRE(lists);

  AttendedKeys attended(std::max(schedule.gather, 1), problem.key().tokenCount(), {});
  TileCutter cutter(tiles, &attended, 0);
  cutter.cut(0, 0, tiles.count());
  cutter.finish();
  CHECK(lists->stages == cutter.stages);
  CHECK(lists->pages == cutter.pageCount());
  REQUIRE(lists->rows.front().size() == cutter.rows.size());
  for (size_t tile = 0; tile < cutter.rows.size(); ++tile) {
    CAPTURE(tile);
    REQUIRE(isSame(lists->rows.front()[tile].stages, cutter.rows[tile].stages));
    REQUIRE(lists->rows.front()[tile].pairs == cutter.rows[tile].pairs);
  }
}

} // namespace

TEST_CASE("lists that are cut in parts are those that are cut in one") {
  // The last tiles, of text, repeat each other.
  Layout clip = Layout::frames(24, 3600, 2000);
  Problem problem = attention(clip, {.heads = 2, .headDim = 128})
                        .where(patterns::radialReference({.decay = 0.5, .block = 128}));
  for (const char *text :
       {"tileQ=128 tileK=128 gather=128", "tileQ=128 tileK=128 gather=64 cluster=2",
        "tileQ=192 tileK=128 gather=64 groupLists=1 cluster=2",
        "tileQ=128 tileK=64 gather=16 groupLists=1", "tileQ=64 tileK=64"}) {
    Schedule schedule = *Schedule::parse(text);
    checkAgainstOne(problem, schedule, /*forMasks=*/!schedule.gather);
    checkAgainstOne(attention(clip, {.heads = 2, .headDim = 128}), schedule, !schedule.gather);
  }
  // Pages are numbered through all.
  checkAgainstOne(problem, *Schedule::parse("tileQ=192 tileK=128 gather=16 groupLists=1 cluster=2"),
                  /*forMasks=*/true);
}

TEST_CASE("what many tiles repeat is cut once") {
  Problem dense = attention(Layout::sequence(100'000), {.heads = 2, .headDim = 128});
  Schedule schedule = *Schedule::parse("tileQ=192 tileK=128 gather=16 groupLists=1");
  Result<TileMap> map = TileMap::build(dense, schedule.keptRows(), schedule.gather);
  REQUIRE(map);
  Result<StageLists> lists = StageLists::cut(QueryTiles(dense, schedule, *map, /*forMasks=*/false));
  REQUIRE(lists);
  // All tiles but the last, whose second and third groups have no queries.
  CHECK(lists->stages.size() < 3 * (100'000 / 128 + 2) * 9);
  CHECK(lists->rows.front().size() == 521);
}
