#include "dsl/IntervalArithmetic.h"

#include "tests/dsl/Property.h"

#include <doctest/doctest.h>

#include <bit>
#include <optional>

using namespace halftone;

namespace {

using Wide = __int128;

/// The operation on two numbers; nothing where it is not defined. Slow and plain on purpose.
std::optional<Wide> apply(Op op, Wide a, Wide b) {
  Wide quotient = 0;
  if (op == Op::FloorDiv || op == Op::Mod) {
    if (b == 0)
      return {};
    quotient = a / b;
    while (b > 0 ? quotient * b > a : quotient * b < a)
      --quotient;
  }
  switch (op) {
  case Op::Add:
    return a + b;
  case Op::Sub:
    return a - b;
  case Op::Mul:
    return a * b;
  case Op::FloorDiv:
    return quotient;
  case Op::Mod:
    return a - quotient * b;
  case Op::Min:
    return std::min(a, b);
  case Op::Max:
    return std::max(a, b);
  case Op::Abs:
    return a < 0 ? -a : a;
  case Op::Bits:
    return a < 0 ? std::optional<Wide>() : std::optional<Wide>(std::bit_width(uint64_t(a)));
  case Op::Pow2:
    return a < 0 || a > 62 ? std::optional<Wide>() : std::optional<Wide>(Wide{1} << int(a));
  default:
    return {};
  }
}

Interval anyInterval(int64_t limit) {
  int64_t a = *rc::gen::inRange<int64_t>(-limit, limit + 1);
  int64_t b = *rc::gen::inRange<int64_t>(-limit, limit + 1);
  return {std::min(a, b), std::max(a, b)};
}

/// An interval whose ends are small, or at the ends of 64 bits.
Interval wideInterval() {
  auto end = [] {
    int64_t value = *rc::gen::inRange<int64_t>(-40, 41);
    return *rc::gen::element(int64_t{value}, int64_t{value}, INT64_MIN, INT64_MAX, INT64_MIN + 1,
                             int64_t{1} << 40);
  };
  int64_t a = end(), b = end();
  return {std::min(a, b), std::max(a, b)};
}

Op anyOperation() {
  return *rc::gen::element(Op::Add, Op::Sub, Op::Mul, Op::FloorDiv, Op::Mod, Op::Min, Op::Max,
                           Op::Abs, Op::Bits, Op::Pow2);
}

} // namespace

TEST_CASE("bounds hold for every pair of operands, and trouble is seen exactly") {
  CHECK(test::holds("small intervals", 3000, [] {
    Op op = anyOperation();
    Interval a = anyInterval(70), b = anyInterval(12);
    Outcome outcome = applyToIntervals(op, a, b);
    bool undefined = false;
    for (int64_t x = a.lo; x <= a.hi; ++x)
      for (int64_t y = b.lo; y <= b.hi; ++y) {
        std::optional<Wide> value = apply(op, x, y);
        undefined |= !value;
        if (value)
          RC_ASSERT(outcome.range.lo <= *value && *value <= outcome.range.hi);
      }
    RC_ASSERT(undefined == (outcome.trouble != Trouble::None));
  }));
}

TEST_CASE("nothing overflows at the ends of 64 bits; what leaves them is reported") {
  CHECK(test::holds("wide intervals", 5000, [] {
    Op op = anyOperation();
    Interval a = wideInterval(), b = wideInterval();
    Outcome outcome = applyToIntervals(op, a, b);
    RC_ASSERT(outcome.range.lo <= outcome.range.hi);
    for (int64_t x : {a.lo, a.hi})
      for (int64_t y : {b.lo, b.hi}) {
        std::optional<Wide> value = apply(op, x, y);
        if (!value)
          continue;
        if (*value < INT64_MIN || *value > INT64_MAX)
          RC_ASSERT(outcome.trouble != Trouble::None);
        else
          RC_ASSERT(outcome.range.lo <= *value && *value <= outcome.range.hi);
      }
  }));
}

TEST_CASE("bounds are tight where it is cheap") {
  auto range = [](Op op, Interval a, Interval b) { return applyToIntervals(op, a, b).range; };
  CHECK(range(Op::Add, {1, 2}, {10, 20}) == Interval{11, 22});
  CHECK(range(Op::Sub, {1, 2}, {10, 20}) == Interval{-19, -8});
  CHECK(range(Op::Mul, {-3, 2}, {-5, 7}) == Interval{-21, 15});
  CHECK(range(Op::FloorDiv, {-7, 7}, {2, 2}) == Interval{-4, 3});
  CHECK(range(Op::FloorDiv, {6, 7}, {-2, 3}) == Interval{-7, 7});
  CHECK(range(Op::Mod, {130, 140}, {64, 64}) == Interval{2, 12});
  CHECK(range(Op::Mod, {120, 140}, {64, 64}) == Interval{0, 63});
  CHECK(range(Op::Mod, {2, 5}, {10, 20}) == Interval{2, 5});
  CHECK(range(Op::Mod, {-5, -2}, {10, 10}) == Interval{5, 8});
  CHECK(range(Op::Mod, {0, 9}, {-4, -4}) == Interval{-3, 0});
  CHECK(range(Op::Abs, {-5, 3}, {}) == Interval{0, 5});
  CHECK(range(Op::Bits, {4, 8}, {}) == Interval{3, 4});
  CHECK(range(Op::Pow2, {0, 3}, {}) == Interval{1, 8});
}

TEST_CASE("comparisons are decided exactly") {
  CHECK(test::holds("comparisons", 3000, [] {
    Op op = Op(*rc::gen::inRange(int(Op::Equal), int(Op::GreaterEqual) + 1));
    Interval a = anyInterval(5), b = anyInterval(5);
    bool some = false, all = true;
    for (int64_t x = a.lo; x <= a.hi; ++x)
      for (int64_t y = b.lo; y <= b.hi; ++y) {
        bool holds = op == Op::Equal       ? x == y
                     : op == Op::NotEqual  ? x != y
                     : op == Op::Less      ? x < y
                     : op == Op::LessEqual ? x <= y
                     : op == Op::Greater   ? x > y
                                           : x >= y;
        some |= holds;
        all &= holds;
      }
    Truth expected = all ? Truth::AlwaysTrue : some ? Truth::Mixed : Truth::AlwaysFalse;
    RC_ASSERT(compareIntervals(op, a, b) == expected);
  }));
}
