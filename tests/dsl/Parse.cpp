#include "dsl/Parse.h"

#include "dsl/Print.h"
#include "tests/dsl/Property.h"
#include "tests/dsl/RandomTree.h"

#include <doctest/doctest.h>

#include <random>

using namespace halftone;

namespace {

std::string refusal(std::string_view text) {
  Result<Pattern> pattern = parsePattern(text);
  return pattern ? "read as " + pattern->text() : pattern.error().text();
}

std::string problemRefusal(std::string_view text) {
  Result<Problem> problem = parseProblem(text);
  return problem ? "read as " + problem->text() : problem.error().text();
}

std::string layoutRefusal(std::string_view text) {
  Result<Layout> layout = parseLayout(text);
  return layout ? "read as " + layout->text() : layout.error().text();
}

std::string canonical(std::string_view text) { return parsePattern(text)->text(); }

} // namespace

TEST_CASE("parse(print(pattern)) is the same pattern") {
  CHECK(test::holds("pattern round trip", 4000, [] {
    Pattern pattern = test::RandomTree{}.pattern(*rc::gen::inRange(0, 7));
    Result<Pattern> back = parsePattern(pattern.text());
    RC_LOG() << pattern.text();
    RC_ASSERT(bool(back));
    RC_ASSERT(*back == pattern);
    RC_ASSERT(back->text() == pattern.text());
    RC_ASSERT(back->hash() == pattern.hash());
  }));
}

TEST_CASE("parse(print(expression)) is the same expression") {
  CHECK(test::holds("expression round trip", 4000, [] {
    Unit unit = *rc::gen::element(Unit::None, Unit::Frame, Unit::Place, Unit::Head);
    Expr expr = test::RandomTree{}.expr(unit, *rc::gen::inRange(0, 7));
    Result<Expr> back = parseExpr(expr.text());
    RC_LOG() << expr.text();
    RC_ASSERT(bool(back));
    RC_ASSERT(sameTree(*back->node(), *expr.node()));
    RC_ASSERT(back->unit() == expr.unit());
  }));
}

TEST_CASE("parse(print(layout)) is the same layout") {
  CHECK(test::holds("layout round trip", 500, [] {
    Layout layout = test::RandomTree::layout();
    Result<Layout> back = parseLayout(layout.text());
    RC_ASSERT(bool(back));
    RC_ASSERT(*back == layout);
  }));
}

TEST_CASE("blanks and redundant brackets do not matter") {
  CHECK(canonical("  k.frame==0|((abs( q.frame-k.frame )<=1))\n") ==
        "k.frame == 0 | abs(q.frame - k.frame) <= 1");
  CHECK(canonical("(q.frame + 1) * 2 == (k.frame)") == "(q.frame + 1) * 2 == k.frame");
  CHECK(canonical("~q.frame == 1") == "~(q.frame == 1)");
  CHECK(canonical("scaled(q.index, 0.2) > 1") == "q.index / 5 > 1");
  CHECK(canonical("scaled(q.index, 95e-2) > - 1") == "q.index * 19 / 20 > -1");
  CHECK(canonical("q.index > -9223372036854775808") == "q.index > -9223372036854775808");
  CHECK(canonical("radialBlocks( decay = 0.20, block = 64, sink = 0 )") ==
        "radialBlocks(decay=0.2, block=64, sink=0)");
}

TEST_CASE("a mistake in a pattern points at the column") {
  CHECK(refusal("") == "column 1: expected a number, a coordinate such as q.frame, or a bracket, "
                       "found the end");
  CHECK(refusal("q.fram == 1") == "column 3: unknown coordinate `fram`; did you mean frame");
  CHECK(refusal("q. == 1") == "column 4: expected a coordinate such as frame, found `==`");
  CHECK(refusal("f.frame == 1") == "column 1: unknown name `f`; did you mean q");
  CHECK(refusal("asb(q.frame) == 1") == "column 1: unknown name `asb`; did you mean abs");
  CHECK(refusal("q.frame") == "column 1: expected a yes/no, found the number `q.frame`; compare it "
                              "with something, as in q.frame == k.frame");
  CHECK(refusal("q.frame + true == 1") == "column 11: expected a number, found the yes/no `true`; "
                                          "turn it into a number by select(condition, 1, 0)");
  CHECK(refusal("q.frame == 1 == 2") ==
        "column 14: expected an operator or the end, found `==`; write == for equal");
  CHECK(refusal("q.frame = 1") ==
        "column 9: expected a comparison such as ==, found `=`; write == for equal");
  CHECK(refusal("q.isText && k.isText") ==
        "column 10: expected an operator or the end, found `&&`; write & for and");
  CHECK(refusal("(q.isText || k.isText)") ==
        "column 11: expected an operator or `)`, found `||`; write | for or");
  CHECK(refusal("!q.isText") == "column 1: expected a number, a coordinate such as q.frame, or a "
                                "bracket, found `!`; write ~ for not");
  CHECK(refusal("abs(q.frame == 1") == "column 5: expected a number, found the yes/no "
                                       "`q.frame == 1`; turn it into a number by "
                                       "select(condition, 1, 0)");
  CHECK(refusal("min(q.frame) == 1") == "column 12: expected `,`, found `)`");
  CHECK(refusal("q.frame == 99999999999999999999") ==
        "column 12: a number that 64 bits do not hold; use one between -2^63 and 2^63 - 1");
  CHECK(refusal("q.frame == k.place") == "column 9: cannot compare frames with places in `q.frame "
                                         "== k.place`; write both in frames, or both in places");
  CHECK(refusal("scaled(q.index, -0.5) == 1") ==
        "column 17: a factor of -0.5; use a finite number that is not negative, for example 0.2");
  CHECK(refusal("scaled(q.index, ) == 1") ==
        "column 17: expected a decimal such as 0.2, found `)`");
  CHECK(refusal("rounded(q.isText, some, 8)") ==
        "column 19: expected `any` or `all`, found `some`");
  CHECK(refusal("rounded(q.isText, any, 0)") == "column 24: a block of 0 tokens; use a block of at "
                                                "least 1 token, for example 128");
  CHECK(refusal("radialBlocks(decay=-1, block=8, sink=1)") ==
        "column 20: a decay of -1; use a finite number that is not negative, for example 0.2");
  CHECK(refusal("radialBlocks(decay=1, block=8, sink=2)") ==
        "column 37: expected 0 or 1, found `2`");
  CHECK(refusal("radialBlocks(block=8)") == "column 14: expected `decay=`, found `block`");
  CHECK(refusal("q.isText \xe2\x88\xa7 k.isText") ==
        "column 10: expected an operator or the end, found byte 0xe2");
  CHECK(refusal(std::string_view("q.isText\0", 9)) ==
        "column 9: expected an operator or the end, found byte 0x00");
}

TEST_CASE("nesting deeper than 200 is refused, and no depth crashes") {
  auto nested = [](int levels, const char *open, const char *inner, const char *close) {
    std::string text;
    for (int i = 0; i < levels; ++i)
      text += open;
    text += inner;
    for (int i = 0; i < levels; ++i)
      text += close;
    return text;
  };
  CHECK(parsePattern(nested(200, "(", "true", ")")));
  CHECK(refusal(nested(201, "(", "true", ")")) ==
        "column 202: more than 200 levels of brackets; write it with fewer");
  for (int levels : {201, 1'000, 1'000'000}) {
    CHECK_FALSE(parsePattern(nested(levels, "(", "true", ")")));
    CHECK_FALSE(parsePattern(nested(levels, "~", "true", "")));
    CHECK_FALSE(parseExpr(nested(levels, "-", "head", "")));
    CHECK_FALSE(parseExpr(nested(levels, "abs(", "1", ")")));
  }
  CHECK_FALSE(parseExpr("1" + nested(500'000, " + 1", "", "")));
}

TEST_CASE("a mistake in a layout points at the column") {
  CHECK(layoutRefusal("vidoe(frames=2)") == "column 1: unknown layout `vidoe`; did you mean video");
  CHECK(layoutRefusal("") == "column 1: expected a layout such as sequence(1024), found the end");
  CHECK(layoutRefusal("video(frames=2, height=3)") ==
        "column 25: expected `, width=...`, found `)`");
  CHECK(layoutRefusal("video(frame=2)") ==
        "column 7: unknown size `frame` of a video; did you mean frames");
  CHECK(layoutRefusal("video(frames=2, frames=3)") ==
        "column 17: `frames` is given twice; give it once");
  CHECK(layoutRefusal("sequence(x)") == "column 10: expected a whole number, found `x`");
  CHECK(layoutRefusal("sequence(8, 9)") == "column 11: expected `)`, found `,`");
  CHECK(layoutRefusal("packed()") == "column 8: expected a whole number, found `)`");
  CHECK(layoutRefusal("sequence(8) 9") == "column 13: expected the end, found `9`");
  CHECK(parseLayout("video(width=4, text=5, frames=2, height=3)")->text() ==
        "video(frames=2, height=3, width=4, text=5)");
}

TEST_CASE("a mistake in a problem points at the column of the whole text") {
  CHECK(problemRefusal("") == "column 1: expected `attention`, found the end");
  CHECK(problemRefusal("attention heads=4") ==
        "column 18: a problem without a query layout; add query=sequence(1024), for example");
  CHECK(problemRefusal("attention head=4") ==
        "column 11: unknown field `head` of a problem; did you mean heads");
  CHECK(problemRefusal("attention heads=4 heads=4") ==
        "column 19: `heads` is given twice; give it once");
  CHECK(problemRefusal("attention element=f64") ==
        "column 19: expected an element type: f32, f16 or bf16, found `f64`");
  CHECK(problemRefusal("attention lse=2") == "column 15: expected 0 or 1, found `2`");
  CHECK(problemRefusal("attention scale=one") ==
        "column 17: expected a number such as 0.5, found `one`");
  CHECK(problemRefusal("attention query=sequence(8) where q.frame") ==
        "column 35: expected a yes/no, found the number `q.frame`; compare it with something, as "
        "in q.frame == k.frame");
  CHECK(problemRefusal("attention query=sequence(8) where") ==
        "column 34: expected a number, a coordinate such as q.frame, or a bracket, found the end");
  CHECK(problemRefusal("attention query=sequence(8) bias=(q.index; 1 x)") ==
        "column 46: expected a number such as 0.5, found `x`");
}

TEST_CASE("what a problem leaves out has its default") {
  Result<Problem> problem = parseProblem("attention query=sequence(100) heads=4");
  REQUIRE(problem);
  CHECK(problem->text() == "attention query=sequence(100) key=sequence(100) batch=1 heads=4 "
                           "kv_heads=4 head_dim=64 element=bf16 lse=0 scale=0.125 where true");
}

TEST_CASE("no text crashes a reader, and what is read prints and reads back") {
  const std::string corpus[] = {
      "k.frame == 0 | abs(q.frame - k.frame) <= 1 & ~(q.isText | k.isText)",
      "select(q.row < 3, -q.row * 2, min(q.row, 7)) % 5 >= pow2(bits(q.place) - 1) / 3",
      "rounded(scaled(q.index, 0.95) != 4, any, 64) | radialBlocks(decay=0.2, block=128, sink=1)",
      "attention query=video(frames=3, height=4, width=5, text=2) key=packed(3, 4, 5) batch=2 "
      "heads=4 kv_heads=2 head_dim=64 element=f16 lse=1 scale=1e-3 softcap=50 bias=(abs(q.index - "
      "k.index); 0.5 0.25 1 2) where head % 2 == batch & true | false",
      "video(frames=21, height=45, width=80, text=0)",
      "-9223372036854775808 - 0 == 9223372036854775807",
  };
  const std::string pieces[] = {"(",  ")",           "q.",   "k.frame", " | ",    "&",    "~",
                                "-",  "==",          "0.2",  "select(", ",",      "head", "1e9",
                                "\0", "99999999999", "\xff", "where ",  "bias=(", ";",    "packed(",
                                "0"};
  std::mt19937_64 random(20261124);
  auto below = [&](size_t limit) { return size_t(random() % limit); };
  int read = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text = corpus[below(std::size(corpus))];
    for (size_t change = below(4); change-- > 0 && !text.empty();) {
      size_t at = below(text.size());
      switch (below(5)) {
      case 0:
        text[at] = char(random());
        break;
      case 1:
        text.erase(at, 1 + below(6));
        break;
      case 2:
        text.insert(at, pieces[below(std::size(pieces))]);
        break;
      case 3:
        text.insert(at, text.substr(below(text.size()), below(20)));
        break;
      default:
        text.resize(at);
        break;
      }
    }
    CAPTURE(text);
    if (Result<Pattern> pattern = parsePattern(text)) {
      ++read;
      Result<Pattern> back = parsePattern(pattern->text());
      REQUIRE(back);
      REQUIRE(*back == *pattern);
    }
    if (Result<Expr> expr = parseExpr(text))
      REQUIRE(parseExpr(expr->text()));
    if (Result<Layout> layout = parseLayout(text); layout && layout->check())
      REQUIRE(*parseLayout(layout->text()) == *layout);
    if (Result<Problem> problem = parseProblem(text)) {
      ++read;
      Result<Problem> back = parseProblem(problem->text());
      REQUIRE(back);
      REQUIRE(back->text() == problem->text());
      Status status = problem->check();
      REQUIRE((status || status.error().code == ErrorCode::Misuse));
    }
  }
  CHECK(read > 1000);
}
