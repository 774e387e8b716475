#include "cli/TileWork.h"

#include <doctest/doctest.h>

using namespace halftone;
using namespace halftone::cli;

TEST_CASE("the work of tiles is that of the pairs in them, and of the rows that they load") {
  // 96 queries over 96 keys, causal, in tiles of 64 and 32: query tile 0 (64 rows) sees keys 0..63,
  // query tile 1 (32 rows) keys 0..95.
  auto [q, k] = Layout::sequence(96).tokens();
  Problem problem = attention(Layout::sequence(96),
                              {.heads = 3, .kvHeads = 1, .headDim = 16, .element = Element::F16})
                        .where(k.index() <= q.index());
  Schedule schedule{.tileQ = 64, .tileK = 32};
  Result<TileWork> work = tileWork(problem, schedule);
  REQUIRE(work);
  CHECK(work->keptFlops == 3 * 4 * 16.0 * (96 * 97 / 2));
  CHECK(work->tileFlops == 3 * 4 * 16.0 * (64 * 64 + 32 * 96));
  // q and o of 96 rows; k and v of 64 + 96 rows; 16 halves each; every head loads its own.
  CHECK(work->tileBytes == 3 * 2 * 16 * 2.0 * (96 + 64 + 96));
  CHECK(work->flopsPerByte() == doctest::Approx(work->tileFlops / work->tileBytes));
}

TEST_CASE("larger tiles load less and compute more") {
  auto [q, k] = Layout::sequence(1000).tokens();
  Problem problem = attention(Layout::sequence(1000), {}).where(k.index() <= q.index());
  Result<TileWork> fine = tileWork(problem, {.tileQ = 16, .tileK = 16}),
                   coarse = tileWork(problem, {.tileQ = 128, .tileK = 128});
  REQUIRE(fine);
  REQUIRE(coarse);
  CHECK(fine->keptFlops == coarse->keptFlops);
  CHECK(fine->tileFlops < coarse->tileFlops);
  CHECK(fine->flopsPerByte() < coarse->flopsPerByte());
}

TEST_CASE("a pattern that keeps nothing has no tiles") {
  auto [q, k] = Layout::sequence(64).tokens();
  CHECK(!tileWork(attention(Layout::sequence(64), {}).where(k.index() > q.index() + 100), {}));
}
