#pragma once

#include "dsl/KeyRuns.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace halftone {

/// offset + slope * x. The value is right for every x where it fits in 64 bits, also where offset
/// or product alone would not.
struct Line {
  int64_t offset = 0, slope = 0;

  int64_t at(int64_t x) const { return int64_t(uint64_t(offset) + uint64_t(slope) * uint64_t(x)); }
  Line operator+(const Line &other) const {
    return {wrap(uint64_t(offset) + uint64_t(other.offset)),
            wrap(uint64_t(slope) + uint64_t(other.slope))};
  }
  Line operator-(const Line &other) const {
    return {wrap(uint64_t(offset) - uint64_t(other.offset)),
            wrap(uint64_t(slope) - uint64_t(other.slope))};
  }
  Line operator*(int64_t factor) const {
    return {wrap(uint64_t(offset) * uint64_t(factor)), wrap(uint64_t(slope) * uint64_t(factor))};
  }
  Line operator+(int64_t value) const { return *this + Line{value, 0}; }
  bool operator==(const Line &) const = default;

private:
  static int64_t wrap(uint64_t value) { return int64_t(value); }
};

/// Half-open range of the key variable x.
struct Domain {
  int64_t begin = 0, end = 0;
};

/// From x = begin on (to the next piece's begin), a value lies between two lines.
struct BoundPiece {
  int64_t begin = 0;
  Line low, high;
  bool isConstant() const { return low.slope == 0 && high.slope == 0; }
  bool isExactConstant() const { return isConstant() && low.offset == high.offset; }
};

/// Bounds of an integer as a function of one key variable x, the queries being a set: for each x,
/// the least and the greatest value over the queries lie between low(x) and high(x).
using Bounds = std::vector<BoundPiece>;

/// From x = begin on, how many of the queries make a condition true.
struct TruthPiece {
  int64_t begin = 0;
  Kept kept = Kept::None;
};
using Truths = std::vector<TruthPiece>;

/// How finely curves and staircases are followed: steps shorter than `fine` tokens are bounded
/// together, products of two unknowns are bounded over `coarse` tokens at a time, and an answer of
/// more than `limit` pieces is given up.
struct Resolution {
  int64_t fine = 1, coarse = 1;
  size_t limit = 4096;
};

/// Arithmetic on bounds over one domain. Every function writes pieces that cover the domain into
/// `out`, which must not be an operand.
class BoundArithmetic {
public:
  BoundArithmetic(Domain domain, Resolution resolution) : domain(domain), resolution(resolution) {}

  void add(const Bounds &a, const Bounds &b, Bounds &out) const;
  void subtract(const Bounds &a, const Bounds &b, Bounds &out) const;
  void multiply(const Bounds &a, const Bounds &b, Bounds &out) const;
  void divide(const Bounds &a, const Bounds &b, Bounds &out) const;
  void modulo(const Bounds &a, const Bounds &b, Bounds &out) const;
  void minimum(const Bounds &a, const Bounds &b, Bounds &out) const;
  void maximum(const Bounds &a, const Bounds &b, Bounds &out) const;
  void absolute(const Bounds &a, Bounds &out) const;
  void bits(const Bounds &a, Bounds &out) const;
  void pow2(const Bounds &a, Bounds &out) const;
  void select(const Truths &condition, const Bounds &yes, const Bounds &no, Bounds &out) const;

  void equal(const Bounds &a, const Bounds &b, Truths &out) const;
  void less(const Bounds &a, const Bounds &b, Truths &out) const; ///< a < b
  void both(const Truths &a, const Truths &b, Truths &out) const;
  void either(const Truths &a, const Truths &b, Truths &out) const;
  void negate(Truths &truths) const;

private:
  Domain domain;
  Resolution resolution;
};

} // namespace halftone
