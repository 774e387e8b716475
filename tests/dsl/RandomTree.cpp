#include "tests/dsl/RandomTree.h"

#include "dsl/Build.h"

#include <rapidcheck.h>

namespace halftone::test {

namespace {

int pick(int count) { return *rc::gen::inRange(0, count); }

Unit anyUnit() { return Unit(pick(int(Unit::Batch) + 1)); }

} // namespace

int64_t RandomTree::constant() const {
  if (defined || pick(4) != 3)
    return *rc::gen::inRange<int64_t>(-20, 21);
  return *rc::gen::element<int64_t>(INT64_MIN, INT64_MAX, INT64_MIN + 1, 3600, -1, 128);
}

Expr RandomTree::leaf(Unit unit) const {
  int choice = pick(3);
  if (unit == Unit::None || choice == 0)
    return Expr(constant());
  if (unit == Unit::Head)
    return head();
  if (unit == Unit::Batch)
    return batch();
  // Units and coordinates are declared in the same order.
  Coordinate coordinate = Coordinate(int(unit) - int(Unit::Token));
  return Expr(buildCoordinate(choice == 1 ? Side::Query : Side::Key, coordinate, {}));
}

Expr RandomTree::divisor(Unit unit, int depth) const {
  Expr divisor = expr(unit, depth);
  return defined ? max(abs(divisor), 1) : divisor;
}

Expr RandomTree::expr(Unit unit, int depth) const {
  if (depth <= 0)
    return leaf(unit);
  Unit other = pick(2) == 0 ? Unit::None : unit;
  int below = depth - 1;
  switch (pick(unit == Unit::None ? 14 : 11)) {
  case 1:
    return expr(unit, below) + expr(other, below);
  case 2:
    return expr(other, below) - expr(unit, below);
  case 3:
    return min(expr(unit, below), expr(other, below));
  case 4:
    return max(expr(other, below), expr(unit, below));
  case 5:
    return defined ? expr(unit, below) * constant() : expr(unit, below) * expr(Unit::None, below);
  case 6:
    return expr(unit, below) / divisor(Unit::None, below);
  case 7:
    return expr(unit, below) % divisor(other, below);
  case 8:
    return pick(2) == 0 ? abs(expr(unit, below)) : -expr(unit, below);
  case 9:
    return select(pattern(below), expr(unit, below), expr(other, below));
  case 10:
    return scaled(expr(unit, below), *rc::gen::element(0.2, 0.95, 1.0, 0.0, 0.125, 2.5, 3.0));
  case 11:
    return bits(defined ? abs(expr(anyUnit(), below)) : expr(anyUnit(), below));
  case 12:
    return pow2(defined ? min(max(expr(Unit::None, below), 0), 16) : expr(anyUnit(), below));
  case 13: {
    Unit same = anyUnit();
    Expr a = expr(same, below), b = divisor(same, below);
    // Constants have no unit, whatever was asked for.
    return a.unit() == b.unit() ? a / b : bits(abs(a));
  }
  default:
    return leaf(unit);
  }
}

Pattern RandomTree::pattern(int depth) const {
  int below = depth - 1;
  if (depth <= 0)
    switch (pick(4)) {
    case 0:
      return Pattern::dense();
    case 1:
      return Token{Side::Query}.isText();
    case 2:
      return Token{Side::Key}.isText();
    default:
      return ~Pattern::dense();
    }
  int choice = pick(blocks ? 13 : 10);
  if (choice >= 1 && choice <= 6) {
    Unit unit = anyUnit();
    Op op = Op(int(Op::Equal) + choice - 1);
    return Pattern(buildOperation(
        op, {expr(unit, below).node(), expr(pick(2) == 0 ? unit : Unit::None, below).node()}, {}));
  }
  switch (choice) {
  case 7:
    return pattern(below) & pattern(below);
  case 8:
    return pattern(below) | pattern(below);
  case 9:
    return ~pattern(below);
  case 10:
    return rounded(pattern(below), pick(2) == 0 ? Rounding::Any : Rounding::All, 1 + pick(40));
  case 11:
    return perHead({pattern(below), pattern(below)});
  case 12:
    return radialBlocks(*rc::gen::element(0.2, 1.0, 0.95, 0.0, 12.5), 1 + pick(128), pick(2) == 1);
  default:
    return pattern(0);
  }
}

Layout RandomTree::layout() {
  switch (pick(3)) {
  case 0:
    return Layout::sequence(1 + pick(100));
  case 1:
    return Layout::video(
        {.frames = 1 + pick(5), .height = 1 + pick(4), .width = 1 + pick(5), .text = pick(6)});
  default: {
    std::vector<int64_t> lengths;
    for (int i = pick(6); i >= 0; --i)
      lengths.push_back(1 + pick(20));
    return Layout::packed(std::move(lengths));
  }
  }
}

} // namespace halftone::test
