#include "dsl/TileMap.h"

#include "dsl/Reference.h"
#include "tests/dsl/Property.h"
#include "tests/dsl/RandomTree.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

const Token q{Side::Query}, k{Side::Key};

/// What is wrong with the ranges of a tile against the pattern token by token; empty: nothing.
std::string complaint(const Problem &problem, const TileMap &map, int64_t batch, int64_t head,
                      int64_t tile, PatternWalk &walk) {
  int64_t queries = problem.query().tokenCount(), keys = problem.key().tokenCount();
  std::vector<int> kind(keys, 0); // 0 dropped, 1 partial, 2 full
  const KeyRange *previous = nullptr;
  for (const KeyRange &range : map.ranges(map.classOf(batch, head), tile)) {
    if (range.begin >= range.end || range.end > keys)
      return "a range is empty or ends past the keys";
    if (range.begin % map.granule() != 0 || (range.end % map.granule() != 0 && range.end != keys))
      return "a range is not cut at the granule";
    if (previous && (range.begin < previous->end ||
                     (range.begin == previous->end && range.full == previous->full)))
      return "ranges are not sorted, disjoint and merged";
    std::fill(kind.begin() + range.begin, kind.begin() + range.end, range.full ? 2 : 1);
    previous = &range;
  }
  for (int64_t query = tile * map.tileQ(); query < std::min(queries, (tile + 1) * map.tileQ());
       ++query)
    for (int64_t key = 0; key < keys; ++key) {
      bool kept = walk.keeps(batch, head, query, key);
      if ((kept && kind[key] == 0) || (!kept && kind[key] == 2))
        return "pair (" + std::to_string(query) + ", " + std::to_string(key) + ") is " +
               (kept ? "kept and in no range" : "dropped and in a full range");
    }
  return {};
}

void checkMap(const Problem &problem, int64_t tileQ, int64_t granule) {
  Result<TileMap> map = TileMap::build(problem, tileQ, granule);
  PatternWalk walk(problem.pattern(), problem.query(), problem.key());
  int64_t kept = 0;
  for (int64_t batch = 0; batch < problem.shape().batch; ++batch)
    for (int64_t head = 0; head < problem.shape().heads; ++head) {
      int64_t ofHead = 0;
      for (int64_t query = 0; query < problem.query().tokenCount(); ++query)
        for (int64_t key = 0; key < problem.key().tokenCount(); ++key)
          ofHead += walk.keeps(batch, head, query, key);
      RC_ASSERT(keptPairs(problem, batch, head) == ofHead);
      kept += ofHead;
      if (map)
        for (int64_t tile = 0; tile < map->queryTiles(); ++tile)
          RC_ASSERT(complaint(problem, *map, batch, head, tile, walk) == "");
    }
  if (map)
    RC_ASSERT(map->coveredPairs() >= kept);
  else
    RC_ASSERT(kept == 0);
}

struct Share {
  int64_t full = 0, partial = 0, ranges = 0;
};
/// Pairs in full and in partial ranges of the first class.
Share shareOf(const TileMap &map, int64_t queries) {
  Share share;
  for (int64_t tile = 0; tile < map.queryTiles(); ++tile) {
    int64_t rows = std::min(map.tileQ(), queries - tile * map.tileQ());
    for (const KeyRange &range : map.ranges(0, tile)) {
      (range.full ? share.full : share.partial) += rows * (range.end - range.begin);
      ++share.ranges;
    }
  }
  return share;
}

/// The exact radial rule (docs/radial.md) for frames of T tokens.
Pattern exactRadial(const Layout &layout, double decay, int64_t block, bool sink) {
  int64_t power = 1;
  while (power <= layout.tokensPerFrame())
    power *= 2;
  Expr distance = abs(q.frame() - k.frame()), reach = pow2(bits(distance));
  Pattern near = distance <= 1;
  Pattern band = abs(q.place() - k.place()) <= max(scaled(power / reach, decay), block);
  Pattern thin = distance % max(1, reach * 128 / power) == 0;
  Pattern video = (near | band) & thin;
  return k.isText() | q.isText() | (sink ? video | k.frame() == 0 : video);
}

} // namespace

TEST_CASE("no kept pair lies outside the ranges, no dropped pair in a full one") {
  CHECK(test::holds("tile maps of random trees", 1500, [] {
    Layout query = test::RandomTree::layout();
    Layout key = *rc::gen::arbitrary<bool>() ? query : test::RandomTree::layout();
    Pattern pattern = test::RandomTree{.defined = true}.pattern(*rc::gen::inRange(1, 5));
    Problem problem = attention(query, key, {.batch = 2, .heads = 3}).where(pattern);
    RC_PRE(bool(problem.check()));
    checkMap(problem, *rc::gen::inRange(1, 40), *rc::gen::inRange(1, 40));
  }));
}

TEST_CASE("longer frames, cut one by one") {
  CHECK(test::holds("tile maps of video", 300, [] {
    Layout layout = Layout::video({.frames = *rc::gen::inRange(1, 5),
                                   .height = *rc::gen::inRange(1, 8),
                                   .width = *rc::gen::inRange(8, 20),
                                   .text = *rc::gen::inRange(0, 30)});
    Pattern pattern = test::RandomTree{.defined = true}.pattern(*rc::gen::inRange(1, 4));
    Problem problem = attention(layout, {}).where(pattern);
    RC_PRE(bool(problem.check()));
    checkMap(problem, *rc::gen::element(4, 16, 32, 64), *rc::gen::element(4, 8, 16, 64));
  }));
}

TEST_CASE("many frames, looked at together first") {
  for (auto [frames, size] : {std::pair<int64_t, int64_t>{50, 9}, {150, 3}, {33, 16}})
    for (bool sink : {false, true}) {
      Layout layout = Layout::frames(frames, size, 20);
      for (const Pattern &pattern :
           {exactRadial(layout, 1.0, 4, sink), abs(q.frame() - k.frame()) <= 2,
            (q.index() - k.index()) % 7 == 0 & k.frame() % 3 == 1}) {
        Problem problem = attention(layout, {}).where(pattern);
        REQUIRE(problem.check());
        for (auto [tileQ, granule] : {std::pair<int64_t, int64_t>{16, 8}, {128, 64}}) {
          Result<TileMap> map = TileMap::build(problem, tileQ, granule);
          REQUIRE(map);
          PatternWalk walk(problem.pattern(), layout, layout);
          for (int64_t tile = 0; tile < map->queryTiles(); ++tile)
            CHECK(complaint(problem, *map, 0, 0, tile, walk) == "");
        }
      }
    }
}

TEST_CASE("a choice by a block mask beside a choice by another") {
  Layout clip = Layout::video({.frames = 1, .height = 1, .width = 8, .text = 21});
  auto [q, k] = clip.tokens();
  Pattern text = rounded(q.isText(), Rounding::Any, 1),
          near = rounded(k.index() < 9, Rounding::All, 3);
  Pattern radial = radialBlocks(12.5, 1, false);
  for (const Pattern &other : {radial, near}) {
    Problem problem =
        attention(clip, {}).where(select(text, 1, 5) == select(other, q.index() - 20, -20));
    PatternWalk walk(problem.pattern(), problem.query(), problem.key());
    int64_t kept = 0;
    for (int64_t query = 0; query < 29; ++query)
      for (int64_t key = 0; key < 29; ++key)
        kept += walk.keeps(0, 0, query, key);
    CHECK(kept > 0);
    CHECK(keptPairs(problem, 0, 0) == kept);
    Result<TileMap> map = TileMap::build(problem, 4, 4);
    REQUIRE(map);
    for (int64_t tile = 0; tile < map->queryTiles(); ++tile)
      CHECK(complaint(problem, *map, 0, 0, tile, walk) == "");
  }
}

TEST_CASE("a block mask has no partial range where its block is a multiple of tile and granule") {
  Layout clip = Layout::frames(9, 1000, 77);
  for (const Pattern &pattern :
       {radialBlocks(0.5, 128, true),
        rounded(abs(q.index() - k.index()) <= 1000, Rounding::Any, 128),
        radialBlocks(1.0, 128, false) & ~rounded(k.frame() == 2, Rounding::All, 128)})
    for (auto [tileQ, granule] :
         {std::pair<int64_t, int64_t>{128, 128}, {128, 64}, {64, 64}, {64, 128}, {32, 8}}) {
      Result<TileMap> map = TileMap::build(attention(clip, {}).where(pattern), tileQ, granule);
      REQUIRE(map);
      Share share = shareOf(*map, clip.tokenCount());
      CHECK(share.partial == 0);
      CHECK(share.full == keptPairs(attention(clip, {}).where(pattern), 0, 0));
    }
}

TEST_CASE("the published mask of 461,056 tokens, as ranges") {
  Layout clip = Layout::frames(128, 3600, 256);
  Result<TileMap> map =
      TileMap::build(attention(clip, {}).where(radialBlocks(1.0, 128, false)), 128, 64);
  REQUIRE(map);
  CHECK(map->queryTiles() == 3602);
  CHECK(map->coveredPairs() == int64_t{1424564} * 128 * 128);
  CHECK(shareOf(*map, clip.tokenCount()).partial == 0);
}

TEST_CASE("a causal mask is partial on the diagonal only") {
  Layout text = Layout::sequence(1000);
  Result<TileMap> map = TileMap::build(attention(text, {}).where(k.index() <= q.index()), 128, 64);
  REQUIRE(map);
  for (int64_t tile = 0; tile < map->queryTiles(); ++tile) {
    std::vector<KeyRange> expected;
    uint32_t begin = uint32_t(tile) * 128;
    if (tile > 0)
      expected.push_back({0, begin, true});
    expected.push_back({begin, std::min(begin + 128, 1000u), false});
    auto ranges = map->ranges(0, tile);
    CHECK(std::vector<KeyRange>(ranges.begin(), ranges.end()) == expected);
  }
}

TEST_CASE("the exact radial mask is partial at the edges of its bands only") {
  Layout clip = Layout::frames(18, 3840);
  Problem problem = attention(clip, {}).where(exactRadial(clip, 1.0, 128, true));
  Result<TileMap> map = TileMap::build(problem, 128, 64);
  REQUIRE(map);
  Share share = shareOf(*map, clip.tokenCount());
  int64_t kept = keptPairs(problem, 0, 0);
  CHECK(share.full <= kept);
  CHECK(share.full + share.partial >= kept);
  // A band has two edges that cross each query tile; an edge touches at most 128 + 2 * 64 keys.
  int64_t edges = map->queryTiles() * 18 * 2;
  CHECK(share.partial <= edges * 128 * (128 + 2 * 64));
}

TEST_CASE("rows and columns are solved, too") {
  Layout clip = Layout::video({.frames = 3, .height = 30, .width = 52});
  Problem problem = attention(clip, {}).where(abs(q.row() - k.row()) <= 3 & q.frame() == k.frame());
  Result<TileMap> map = TileMap::build(problem, 52, 52);
  REQUIRE(map);
  Share share = shareOf(*map, clip.tokenCount());
  CHECK(share.partial == 0);
  CHECK(share.full == keptPairs(problem, 0, 0));
}

TEST_CASE("heads and batch elements of one mask share a class") {
  Layout clip = Layout::frames(4, 64);
  Pattern spatial = q.frame() == k.frame(), temporal = q.place() == k.place();
  Problem problem = attention(clip, {.batch = 3, .heads = 4}).where(perHead({spatial, temporal}));
  Result<TileMap> map = TileMap::build(problem, 64, 64);
  REQUIRE(map);
  CHECK(map->classCount() == 2);
  CHECK(map->classOf(0, 0) == map->classOf(2, 2));
  CHECK(map->classOf(0, 1) == map->classOf(1, 3));
  CHECK(map->classOf(0, 0) != map->classOf(0, 1));
  Result<TileMap> ofBatch = TileMap::build(problem.where(batch() == 1 | spatial), 64, 64);
  REQUIRE(ofBatch);
  CHECK(ofBatch->classCount() == 2);
  CHECK(ofBatch->classOf(0, 3) == ofBatch->classOf(2, 0));
  CHECK(ofBatch->classOf(0, 3) != ofBatch->classOf(1, 3));
}

TEST_CASE("a pattern that keeps nothing is refused") {
  Layout clip = Layout::frames(4, 64);
  Result<TileMap> map = TileMap::build(attention(clip, {}).where(k.frame() > 4), 64, 64);
  REQUIRE(!map);
  CHECK(map.error().code == ErrorCode::Misuse);
  CHECK(map.error().message ==
        "the pattern keeps no pair of the 256 queries and 256 keys: `k.frame > 4`");
  CHECK(!TileMap::build(attention(clip, {}), 0, 64));
  CHECK(!TileMap::build(attention(clip, {}), 64, 0));
}

TEST_CASE("a dense map is one full range a tile, whatever the length") {
  Layout layout = Layout::frames(3, 37, 5);
  Result<TileMap> map = TileMap::build(attention(layout, {.heads = 2}), 64, 64);
  REQUIRE(map);
  CHECK(map->queryTiles() == 2);
  for (int64_t tile = 0; tile < 2; ++tile) {
    REQUIRE(map->ranges(0, tile).size() == 1);
    CHECK(map->ranges(0, tile)[0] == KeyRange{0, 116, true});
  }
  CHECK(map->coveredPairs() == 2 * 116 * 116);
}

TEST_CASE("ranges grow with what is kept, not with tokens squared") {
  // A window keeps a number of pairs that grows with the length.
  int64_t base = 0;
  for (int64_t tokens : {1 << 14, 1 << 15, 1 << 16, 1 << 17}) {
    Problem problem =
        attention(Layout::sequence(tokens), {}).where(abs(q.index() - k.index()) <= 1000);
    Result<TileMap> map = TileMap::build(problem, 128, 64);
    REQUIRE(map);
    int64_t ranges = shareOf(*map, tokens).ranges;
    if (base == 0)
      base = ranges;
    CHECK(ranges * (1 << 14) <= base * tokens * 11 / 10);
  }
}
