#include "dsl/Interval.h"

#include "dsl/Problem.h"
#include "dsl/Reference.h"
#include "tests/dsl/Property.h"
#include "tests/dsl/RandomTree.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

const Token q{Side::Query}, k{Side::Key};

Interval rangeWithin(Interval whole) {
  int64_t a = *rc::gen::inRange(whole.lo, whole.hi + 1);
  int64_t b = *rc::gen::inRange(a, std::min(whole.hi, a + 12) + 1);
  return {a, b};
}

/// A random part of a problem's box, small enough to visit every pair.
Box anyBox(const Problem &problem) {
  Box box = Box::whole(problem);
  box.queryIndex = rangeWithin(box.queryIndex);
  box.keyIndex = rangeWithin(box.keyIndex);
  box.head = rangeWithin(box.head);
  box.batch = rangeWithin(box.batch);
  return box;
}

template <typename Visit> void forEachPair(const Box &box, Visit visit) {
  for (int64_t batch = box.batch.lo; batch <= box.batch.hi; ++batch)
    for (int64_t head = box.head.lo; head <= box.head.hi; ++head)
      for (int64_t query = box.queryIndex.lo; query <= box.queryIndex.hi; ++query)
        for (int64_t key = box.keyIndex.lo; key <= box.keyIndex.hi; ++key)
          visit(batch, head, query, key);
}

const Layout clip = Layout::video({.frames = 4, .height = 3, .width = 5, .text = 7});
const Problem work = attention(clip, {.heads = 4});

Box tile(Interval query, Interval key) {
  Box box = Box::whole(work);
  box.queryIndex = query;
  box.keyIndex = key;
  return box;
}

} // namespace

TEST_CASE("the range of a coordinate holds its values, and is the exact hull inside a frame") {
  CHECK(test::holds("coordinate ranges", 3000, [] {
    Layout layout = test::RandomTree::layout();
    int64_t first = *rc::gen::inRange<int64_t>(0, layout.tokenCount());
    Interval index{first, *rc::gen::inRange<int64_t>(first, layout.tokenCount())};
    for (Coordinate coordinate :
         {Coordinate::Index, Coordinate::Frame, Coordinate::Place, Coordinate::Row,
          Coordinate::Column, Coordinate::Segment, Coordinate::IsText}) {
      Interval exact = Interval::point(layout.coordinate(coordinate, index.lo));
      for (int64_t token = index.lo; token <= index.hi; ++token)
        exact = exact.hull(Interval::point(layout.coordinate(coordinate, token)));
      Interval range = coordinateRange(layout, coordinate, index);
      RC_ASSERT(range.lo <= exact.lo && exact.hi <= range.hi);
      bool oneFrame = layout.coordinate(Coordinate::Frame, index.lo) ==
                      layout.coordinate(Coordinate::Frame, index.hi);
      if (coordinate != Coordinate::Column && oneFrame)
        RC_ASSERT(range == exact);
      if (coordinate == Coordinate::Index || coordinate == Coordinate::Frame ||
          coordinate == Coordinate::Segment || coordinate == Coordinate::IsText)
        RC_ASSERT(range == exact);
    }
  }));
}

TEST_CASE("every value of an expression lies in its interval") {
  test::RandomTree tree{.defined = true, .blocks = false};
  CHECK(test::holds("expression intervals", 3000, [&] {
    Problem problem = attention(tree.layout(), tree.layout(), {.batch = 2, .heads = 3});
    Unit unit = Unit(*rc::gen::inRange(0, int(Unit::Batch) + 1));
    Expr expr = tree.expr(unit, *rc::gen::inRange(0, 5));
    RC_PRE(bool(problem.withBias(expr, {1}).check()));
    Box box = anyBox(problem);
    Interval bounds = intervalOf(*expr.node(), box);
    PatternWalk walk(problem.pattern(), problem.query(), problem.key());
    forEachPair(box, [&](int64_t batch, int64_t head, int64_t query, int64_t key) {
      RC_ASSERT(bounds.contains(walk.value(*expr.node(), batch, head, query, key)));
    });
  }));
}

TEST_CASE("a decided pattern is so for every pair") {
  test::RandomTree tree{.defined = true};
  int decided = 0;
  CHECK(test::holds("pattern truth", 3000, [&] {
    Layout layout = tree.layout();
    Problem problem = attention(layout, layout, {.batch = 2, .heads = 3})
                          .where(tree.pattern(*rc::gen::inRange(0, 5)));
    RC_PRE(bool(problem.check()));
    Box box = anyBox(problem);
    Truth truth = truthOf(*problem.pattern().node(), box);
    if (truth == Truth::Mixed)
      return;
    ++decided;
    PatternWalk walk(problem.pattern(), problem.query(), problem.key());
    forEachPair(box, [&](int64_t batch, int64_t head, int64_t query, int64_t key) {
      RC_ASSERT(walk.keeps(batch, head, query, key) == (truth == Truth::AlwaysTrue));
    });
  }));
  CHECK(decided > 500);
}

TEST_CASE("what a tile map needs is decided") {
  Pattern near = abs(q.frame() - k.frame()) <= 1;
  auto truth = [](const Pattern &pattern, Interval query, Interval key) {
    return truthOf(*pattern.node(), tile(query, key));
  };
  CHECK(truth(near, {0, 14}, {15, 29}) == Truth::AlwaysTrue);
  CHECK(truth(near, {0, 14}, {30, 44}) == Truth::AlwaysFalse);
  CHECK(truth(near, {0, 15}, {30, 44}) == Truth::Mixed);
  Pattern band = abs(q.place() - k.place()) <= 3;
  CHECK(truth(band, {0, 2}, {15, 16}) == Truth::AlwaysTrue);
  CHECK(truth(band, {0, 2}, {25, 29}) == Truth::AlwaysFalse);
  CHECK(truth(q.isText() | near, {60, 66}, {0, 66}) == Truth::AlwaysTrue);
  CHECK(truth(~q.isText() & near, {60, 66}, {0, 66}) == Truth::AlwaysFalse);
  CHECK(truth(q.row() == k.row(), {5, 9}, {20, 24}) == Truth::AlwaysTrue);
  CHECK(truth(q.column() == q.column(), {0, 66}, {0, 66}) == Truth::AlwaysTrue);
  CHECK(truth(q.column() < q.column(), {0, 66}, {0, 66}) == Truth::AlwaysFalse);
  CHECK(truth(q.index() - q.index() == 0, {0, 66}, {0, 66}) == Truth::AlwaysTrue);
  CHECK(truth((q.frame() - k.frame()) * (q.frame() - k.frame()) >= 0, {0, 66}, {0, 66}) ==
        Truth::AlwaysTrue);
  CHECK(truth(select(q.isText(), 1, 2) == 2, {0, 59}, {0, 66}) == Truth::AlwaysTrue);
  CHECK(truth(head() % 2 == 0, {0, 66}, {0, 66}) == Truth::Mixed);
  CHECK(truth(radialBlocks(1, 8, true), {0, 66}, {0, 66}) == Truth::Mixed);
}

TEST_CASE("a rounded pattern looks at whole blocks") {
  Pattern causal = k.index() <= q.index();
  auto truth = [](const Pattern &pattern, Interval query, Interval key) {
    return truthOf(*pattern.node(), tile(query, key));
  };
  Pattern any = rounded(causal, Rounding::Any, 8);
  CHECK(truth(causal, {9, 9}, {8, 9}) == Truth::AlwaysTrue);
  CHECK(truth(any, {9, 9}, {8, 9}) == Truth::Mixed);
  CHECK(truth(any, {16, 17}, {8, 9}) == Truth::AlwaysTrue);
  CHECK(truth(any, {8, 9}, {16, 17}) == Truth::AlwaysFalse);
  CHECK(truth(rounded(causal, Rounding::Any, (int64_t{1} << 31) - 1), {64, 66}, {0, 2}) ==
        Truth::Mixed);
}

TEST_CASE("three-valued logic") {
  constexpr Truth no = Truth::AlwaysFalse, yes = Truth::AlwaysTrue, maybe = Truth::Mixed;
  CHECK(~no == yes);
  CHECK(~yes == no);
  CHECK(~maybe == maybe);
  CHECK((no & maybe) == no);
  CHECK((maybe & yes) == maybe);
  CHECK((yes & yes) == yes);
  CHECK((yes | maybe) == yes);
  CHECK((maybe | no) == maybe);
  CHECK((no | no) == no);
}
