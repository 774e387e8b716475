#include "dsl/Build.h"

#include "dsl/Parse.h"
#include "dsl/Print.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

const Token q{Side::Query}, k{Side::Key};

} // namespace

TEST_CASE("a tree knows its levels, its size and the brackets of its text") {
  Pattern pattern = ~(q.frame() == 1 | k.frame() * (q.index() + 1) == 2);
  CHECK(pattern.node()->depth == 6);
  CHECK(pattern.node()->size == 12);
  CHECK(pattern.node()->nesting == 3);
}

TEST_CASE("a long chain is no deep nesting") {
  Pattern chain = q.frame() == 0;
  for (int i = 1; i < 1000; ++i)
    chain = chain | q.frame() == i;
  CHECK(chain.mistake() == nullptr);
  Result<Pattern> back = parsePattern(chain.text());
  REQUIRE(back);
  CHECK(*back == chain);
}

TEST_CASE("trees that are too large, too deep or too nested become a mistake, never a crash") {
  Expr doubled = q.index();
  for (int i = 0; i < 100; ++i)
    doubled = doubled + doubled;
  REQUIRE(doubled.node()->mistake);
  CHECK(doubled.node()->mistake->message == "an expression of more than 20000 operations");
  CHECK(doubled.node()->size <= maximumSize);

  Pattern chain = q.isText();
  for (int i = 0; i < 100'000; ++i)
    chain = chain | q.isText();
  REQUIRE(chain.mistake());
  CHECK(chain.mistake()->message == "an expression of more than 2000 levels");
  CHECK(chain.node()->depth <= maximumDepth);

  Pattern nested = q.isText();
  for (int i = 0; i < 10'000; ++i)
    nested = q.isText() & (k.isText() | nested);
  REQUIRE(nested.mistake());
  CHECK(nested.mistake()->message == "an expression with more than 200 levels of brackets");
  CHECK(nested.mistake()->where.isKnown());
}

TEST_CASE("the deepest tree that can be built can be read back") {
  Pattern nested = q.isText();
  for (;;) {
    Pattern deeper = q.isText() & (k.isText() | nested);
    if (deeper.mistake())
      break;
    nested = deeper;
  }
  CHECK(nested.node()->nesting == maximumNesting);
  Result<Pattern> back = parsePattern(nested.text());
  REQUIRE(back);
  CHECK(*back == nested);
}
