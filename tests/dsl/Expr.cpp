#include "dsl/Expr.h"

#include "dsl/Parse.h"
#include "dsl/Print.h"
#include "tests/dsl/Property.h"
#include "tests/dsl/RandomTree.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace halftone;

namespace {

const Layout clip = Layout::video({.frames = 21, .height = 45, .width = 80});
const Token q{Side::Query}, k{Side::Key};

/// A tree with a mistake, and the line it was written on.
struct Mistake {
  NodePointer node;
  uint32_t line;
  Mistake(Expr expr, std::source_location at = std::source_location::current())
      : node(expr.node()), line(at.line()) {}
  Mistake(Pattern pattern, std::source_location at = std::source_location::current())
      : node(pattern.node()), line(at.line()) {}
};

} // namespace

TEST_CASE("a pattern reads as it was written") {
  Pattern near = abs(q.frame() - k.frame()) <= 1;
  Pattern band = abs(q.place() - k.place()) <= 256;
  Pattern mine = (k.frame() == 0 | near | band).named("mine");
  CHECK(mine.text() ==
        "k.frame == 0 | abs(q.frame - k.frame) <= 1 | abs(q.place - k.place) <= 256");
  CHECK(mine.node()->name == "mine");
  CHECK(mine.mistake() == nullptr);
  CHECK(Pattern::dense().text() == "true");
}

TEST_CASE("every operation has its text") {
  CHECK((q.index() + k.index()).text() == "q.index + k.index");
  CHECK((q.index() - 1).text() == "q.index - 1");
  CHECK((-q.index()).text() == "-q.index");
  CHECK((2 * q.row()).text() == "2 * q.row");
  CHECK((q.column() / 2).text() == "q.column / 2");
  CHECK(floorDiv(q.column(), 2).text() == "q.column / 2");
  CHECK((q.segment() % 3).text() == "q.segment % 3");
  CHECK(mod(q.segment(), 3).text() == "q.segment % 3");
  CHECK(min(q.place(), 7).text() == "min(q.place, 7)");
  CHECK(max(1, q.place()).text() == "max(1, q.place)");
  CHECK(abs(q.frame() - k.frame()).text() == "abs(q.frame - k.frame)");
  CHECK(bits(head()).text() == "bits(head)");
  CHECK(pow2(batch()).text() == "pow2(batch)");
  CHECK(select(q.isText(), 1, k.frame()).text() == "select(q.isText, 1, k.frame)");
  CHECK((q.frame() == 1).text() == "q.frame == 1");
  CHECK((q.frame() != 1).text() == "q.frame != 1");
  CHECK((q.frame() < 1).text() == "q.frame < 1");
  CHECK((q.frame() <= 1).text() == "q.frame <= 1");
  CHECK((q.frame() > 1).text() == "q.frame > 1");
  CHECK((q.frame() >= 1).text() == "q.frame >= 1");
  CHECK((q.isText() & k.isText()).text() == "q.isText & k.isText");
  CHECK((q.isText() | ~k.isText()).text() == "q.isText | ~k.isText");
  CHECK(rounded(q.isText(), Rounding::All, 64).text() == "rounded(q.isText, all, 64)");
  CHECK(radialBlocks(0.2, 128, true).text() == "radialBlocks(decay=0.2, block=128, sink=1)");
}

TEST_CASE("scaled takes the decimal exactly and leaves out factors of one") {
  CHECK(scaled(q.index(), 0.2).text() == "q.index / 5");
  CHECK(scaled(q.index(), 0.95).text() == "q.index * 19 / 20");
  CHECK(scaled(q.index(), 3.0).text() == "q.index * 3");
  CHECK(scaled(q.index(), 1.0).text() == "q.index");
  CHECK(scaled(q.index(), 0.0).text() == "q.index * 0");
  CHECK(scaled(q.index(), -0.0).text() == "q.index * 0");
}

TEST_CASE("a minus sign before a constant is part of it") {
  CHECK((-Expr(5)).node()->op == Op::Constant);
  CHECK((-Expr(5)).text() == "-5");
  CHECK((0 - Expr(5)).text() == "0 - 5");
  CHECK((0 - q.index()).text() == "-q.index");
  CHECK((-Expr(INT64_MIN)).text() == "0 - -9223372036854775808");
}

TEST_CASE("perHead is sugar for comparisons of the head") {
  Pattern spatial = q.frame() == k.frame(), temporal = q.place() == k.place();
  CHECK(perHead({spatial, temporal}).text() ==
        "head % 2 == 0 & q.frame == k.frame | head % 2 == 1 & q.place == k.place");
  CHECK(perHead({spatial}) == spatial);
  CHECK(perHead({}).mistake() != nullptr);
}

TEST_CASE("units follow the arithmetic") {
  CHECK(q.index().unit() == Unit::Token);
  CHECK(q.frame().unit() == Unit::Frame);
  CHECK(q.place().unit() == Unit::Place);
  CHECK(q.row().unit() == Unit::Row);
  CHECK(q.column().unit() == Unit::Column);
  CHECK(q.segment().unit() == Unit::Segment);
  CHECK(head().unit() == Unit::Head);
  CHECK(batch().unit() == Unit::Batch);
  CHECK(Expr(3).unit() == Unit::None);
  CHECK((q.frame() + 1).unit() == Unit::Frame);
  CHECK((1 - q.frame()).unit() == Unit::Frame);
  CHECK((-q.frame()).unit() == Unit::Frame);
  CHECK((2 * q.frame()).unit() == Unit::Frame);
  CHECK((q.frame() * 2).unit() == Unit::Frame);
  CHECK((q.frame() * k.frame()).unit() == Unit::None);
  CHECK((q.frame() * k.row()).unit() == Unit::None);
  CHECK((q.frame() / 2).unit() == Unit::Frame);
  CHECK((q.frame() / k.frame()).unit() == Unit::None);
  CHECK((2 / q.frame()).unit() == Unit::None);
  CHECK((q.frame() % 2).unit() == Unit::Frame);
  CHECK((q.frame() % k.frame()).unit() == Unit::Frame);
  CHECK(abs(q.frame()).unit() == Unit::Frame);
  CHECK(bits(q.frame()).unit() == Unit::None);
  CHECK(pow2(q.frame()).unit() == Unit::None);
  CHECK(min(1, q.frame()).unit() == Unit::Frame);
  CHECK(max(q.frame(), 1).unit() == Unit::Frame);
  CHECK(select(q.isText(), 0, q.frame()).unit() == Unit::Frame);
  CHECK(scaled(q.frame(), 0.95).unit() == Unit::Frame);
}

TEST_CASE("two units that do not go together are kept as a mistake with the user's line") {
  Mistake mistakes[] = {
      q.frame() + k.place(),
      q.frame() - k.place(),
      q.frame() % k.place(),
      mod(q.frame(), k.place()),
      min(q.frame(), k.place()),
      max(q.frame(), k.place()),
      select(q.isText(), q.frame(), k.place()),
      q.frame() == k.place(),
      q.frame() != k.place(),
      q.frame() < k.place(),
      q.frame() <= k.place(),
      q.frame() > k.place(),
      q.frame() >= k.place(),
  };
  const char *messages[] = {
      "cannot add frames and places in `q.frame + k.place`",
      "cannot subtract places from frames in `q.frame - k.place`",
      "cannot take frames modulo places in `q.frame % k.place`",
      "cannot take frames modulo places in `q.frame % k.place`",
      "cannot take the minimum of frames and places in `min(q.frame, k.place)`",
      "cannot take the maximum of frames and places in `max(q.frame, k.place)`",
      "cannot select between frames and places in `select(q.isText, q.frame, k.place)`",
      "cannot compare frames with places in `q.frame == k.place`",
      "cannot compare frames with places in `q.frame != k.place`",
      "cannot compare frames with places in `q.frame < k.place`",
      "cannot compare frames with places in `q.frame <= k.place`",
      "cannot compare frames with places in `q.frame > k.place`",
      "cannot compare frames with places in `q.frame >= k.place`",
  };
  static_assert(std::size(mistakes) == std::size(messages));
  for (size_t i = 0; i < std::size(mistakes); ++i) {
    CAPTURE(messages[i]);
    const Error *mistake = mistakes[i].node->mistake.get();
    REQUIRE(mistake);
    CHECK(mistake->code == ErrorCode::Misuse);
    CHECK(mistake->text() == "Expr.cpp:" + std::to_string(mistakes[i].line) + ": " + messages[i] +
                                 "; write both in frames, or both in places");
  }
}

TEST_CASE("an expression over several lines is placed where it begins") {
  uint32_t line = __LINE__ + 1;
  Pattern bad = q.frame() == // the right-hand side stands below
                k.place();
  REQUIRE(bad.mistake());
  CHECK(bad.mistake()->where.line == line);
}

TEST_CASE("every operation remembers its line") {
  Mistake operations[] = {
      q.frame() + 1,
      q.frame() - 1,
      -q.frame(),
      q.frame() * 2,
      q.frame() / 2,
      floorDiv(q.frame(), int64_t{2}),
      q.frame() % 2,
      mod(q.frame(), 2),
      min(q.frame(), 2),
      max(2, q.frame()),
      abs(q.frame()),
      bits(q.frame()),
      pow2(q.frame()),
      select(q.isText(), q.frame(), 1),
      scaled(q.frame(), 0.2),
      q.frame() == 1,
      q.frame() != 1,
      q.frame() < 1,
      q.frame() <= 1,
      q.frame() > 1,
      q.frame() >= 1,
      q.isText() & k.isText(),
      q.isText() | k.isText(),
      ~k.isText(),
      rounded(k.isText(), Rounding::Any, 8),
      radialBlocks(0.2, 128, true),
      perHead({k.isText(), q.isText()}),
      q.index(),
      q.frame(),
      q.place(),
      q.row(),
      q.column(),
      q.segment(),
      q.isText(),
      head(),
      batch(),
      Expr(3),
  };
  for (const Mistake &operation : operations) {
    CAPTURE(print(*operation.node));
    CHECK(operation.node->where.text() == "Expr.cpp:" + std::to_string(operation.line));
  }
}

TEST_CASE("the first mistake travels to the root") {
  Pattern bad = q.frame() == k.place();
  Pattern whole = ~(q.isText() | (bad & k.isText())) | (q.row() == k.column());
  REQUIRE(whole.mistake());
  CHECK(whole.mistake() == bad.mistake());
  CHECK(rounded(whole, Rounding::Any, 8).mistake() == bad.mistake());
  CHECK(perHead({q.isText(), whole}).mistake() == bad.mistake());
  CHECK(whole.named("x").mistake() == bad.mistake());
}

TEST_CASE("numbers that make no block mask are mistakes") {
  CHECK(radialBlocks(-0.2, 128, true).mistake()->message == "a decay of -0.2");
  CHECK(radialBlocks(std::nan(""), 128, true).mistake()->message == "a decay of nan");
  CHECK(radialBlocks(0.2, 0, true).mistake()->message == "a block of 0 tokens");
  CHECK(radialBlocks(1e-30, 8, true).mistake()->fix ==
        "use at most 18 decimal places and 18 digits, for example 0.2");
  CHECK(radialBlocks(-0.0, 128, true).mistake() == nullptr);
  CHECK(rounded(q.isText(), Rounding::Any, -1).mistake()->message == "a block of -1 tokens");
  CHECK(rounded(q.isText(), Rounding::Any, int64_t{1} << 31).mistake()->fix ==
        "use a block of at most 2147483647 tokens");
  CHECK(scaled(q.index(), -1).node()->mistake->message == "a factor of -1");
  CHECK(scaled(q.index(), INFINITY).node()->mistake->fix ==
        "use a finite number that is not negative, for example 0.2");
}

TEST_CASE("two ways of writing the same tree are equal and hash alike") {
  auto [first, second] = clip.tokens();
  Pattern one = (first.frame() / 2 == second.frame() % 3).named("one");
  Pattern two = floorDiv(q.frame(), int64_t{2}) == mod(k.frame(), Expr(3));
  CHECK(one == two);
  CHECK(one.hash() == two.hash());
  CHECK((scaled(q.index(), 0.5) == 3).hash() == (q.index() / 2 == 3).hash());
  CHECK((-q.index() == 3).hash() == (0 - q.index() == 3).hash());
  Pattern swapped = k.frame() % 3 == q.frame() / 2;
  CHECK_FALSE(one == swapped);
  CHECK(one.hash() != swapped.hash());
  CHECK_FALSE((q.isText() | (k.isText() | q.isText())) == (q.isText() | k.isText() | q.isText()));
  CHECK_FALSE(rounded(q.isText(), Rounding::Any, 8) == rounded(q.isText(), Rounding::All, 8));
  CHECK_FALSE(radialBlocks(0.2, 8, true) == radialBlocks(0.2, 8, false));
}

// These numbers key caches on disk: they only change together with the text of a pattern.
TEST_CASE("golden hashes") {
  CHECK(Pattern::dense().hash() == 0x5b5c98ef514dbfa5);
  CHECK((k.index() <= q.index()).hash() == 0xeca633146d770a96);
  CHECK((k.frame() == 0 | abs(q.frame() - k.frame()) <= 1).hash() == 0xa74222cbec719ac9);
  CHECK(radialBlocks(0.2, 128, true).hash() == 0xadc5dc2175198f30);
  CHECK((~(q.isText() | k.isText()) & rounded(scaled(q.index(), 0.95) > -5, Rounding::Any, 64))
            .hash() == 0xbe1420ebf06a7c7c);
}

TEST_CASE("equal trees hash alike, different ones do not") {
  CHECK(test::holds("hash of trees", 500, [] {
    Pattern a = test::RandomTree{}.pattern(*rc::gen::inRange(0, 5));
    Pattern b = test::RandomTree{}.pattern(*rc::gen::inRange(0, 5));
    RC_ASSERT((a == b) == (a.hash() == b.hash()));
    RC_ASSERT((a == b) == (a.text() == b.text()));
  }));
}
