#include "dsl/WholeTiles.h"

#include "dsl/Parse.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

Pattern pattern(std::string_view text) {
  Result<Pattern> read = parsePattern(text);
  REQUIRE(read);
  return *read;
}

} // namespace

TEST_CASE("block masks keep whole tiles where the tiles divide their blocks") {
  Pattern blocks = pattern("rounded(q.index >= k.index, any, 128)");
  CHECK(maskBlock(blocks) == 128);
  CHECK(keepsWholeTiles(blocks, 128, 64));
  CHECK(keepsWholeTiles(blocks, 64, 128));
  CHECK_FALSE(keepsWholeTiles(blocks, 192, 64));
  CHECK_FALSE(keepsWholeTiles(blocks, 128, 48));

  Pattern two =
      pattern("rounded(q.index >= k.index, any, 128) & ~rounded(q.index - k.index <= 7, all, 64)");
  CHECK(maskBlock(two) == 64);
  CHECK(keepsWholeTiles(two, 64, 64));
  CHECK_FALSE(keepsWholeTiles(two, 128, 64));
}

TEST_CASE("everything is a whole tile, and what asks for a token's place is not") {
  CHECK(keepsWholeTiles(Pattern::dense(), 192, 176));
  CHECK(maskBlock(Pattern::dense()) == 0);
  CHECK(keepsWholeTiles(pattern("head == 0 | rounded(q.index >= k.index, any, 128)"), 128, 64));
  CHECK_FALSE(
      keepsWholeTiles(pattern("k.index < 5 | rounded(q.index >= k.index, any, 128)"), 128, 64));
  CHECK_FALSE(keepsWholeTiles(pattern("q.index >= k.index"), 1, 1));
}
