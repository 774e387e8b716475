#pragma once

#include "dsl/Layout.h"

#include <algorithm>

namespace halftone {

class Problem;

/// Whole numbers lo .. hi, both included; never empty.
struct Interval {
  int64_t lo = 0, hi = 0;

  static constexpr Interval point(int64_t value) { return {value, value}; }
  static constexpr Interval everything() { return {INT64_MIN, INT64_MAX}; }
  bool isPoint() const { return lo == hi; }
  bool contains(int64_t value) const { return lo <= value && value <= hi; }
  Interval hull(Interval other) const { return {std::min(lo, other.lo), std::max(hi, other.hi)}; }
  bool operator==(const Interval &) const = default;
};

/// What a pattern is over a box of pairs. Mixed says nothing: some pairs may be kept and some not.
enum class Truth : uint8_t { AlwaysFalse, AlwaysTrue, Mixed };
Truth operator~(Truth a);
Truth operator&(Truth a, Truth b);
Truth operator|(Truth a, Truth b);

/// A box of (query, key) pairs, heads and batch elements, over the layouts of the two sides. Ranges
/// must lie inside the layouts.
struct Box {
  const Layout *query = nullptr, *key = nullptr;
  Interval queryIndex, keyIndex;
  Interval head, batch;

  /// Every pair, head and batch element of a problem, which must outlive the box.
  static Box whole(const Problem &problem);
};

/// The values that a coordinate takes on the tokens of an index range: exact for a range inside one
/// frame (rows and columns: inside one row), else the whole range of the frames that it touches.
Interval coordinateRange(const Layout &layout, Coordinate coordinate, Interval index);

/// Bounds of an integer expression over a box: every value lies in them. They are tight for sums
/// and differences of different coordinates; two uses of one coordinate are taken as independent,
/// but for x - x, x * x and comparisons of an expression with itself. An operation that
/// checkArithmetic would refuse has the bounds of the values for which it is defined.
Interval intervalOf(const Node &node, const Box &box);

/// Whether a pattern holds for every pair of a box, for none, or (Mixed) perhaps for some. Radial
/// block masks are always Mixed; a rounded pattern is what its operand is over the blocks that the
/// box touches.
Truth truthOf(const Node &node, const Box &box);

/// Refuses a tree in which, somewhere in the box, a divisor can be 0, a value can leave 64 bits,
/// bits() can get a negative number or pow2() one outside 0..62. Points at the user's line.
Status checkArithmetic(const Node &node, const Box &box);

} // namespace halftone
