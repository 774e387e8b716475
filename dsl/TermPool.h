#pragma once

#include "dsl/Problem.h"

#include <array>
#include <unordered_map>

namespace halftone {

/// The number of a term in its pool.
using TermId = int32_t;

/// Coordinates as bits, for the set of those that a term depends on.
constexpr uint32_t coordinateBit(Side side, Coordinate coordinate) {
  return 1u << (7 * int(side) + int(coordinate));
}
constexpr uint32_t blockBit = 1u << 14;

/// One operation of a pattern specialised to a head and a batch element.
struct Term {
  Op op = Op::Constant;
  Side side = Side::Query;
  Coordinate coordinate = Coordinate::Index;
  Rounding rounding = Rounding::Any;
  int64_t value = 0; ///< as in Node; RadialBlocks: a position in TermPool::radials
  std::array<TermId, 3> operands{-1, -1, -1};
  uint32_t uses = 0; ///< coordinateBit()s, and blockBit where a block mask is below

  bool isConstant() const { return op == Op::Constant || op == Op::Boolean; }
  bool operator==(const Term &) const = default;
};

/// What an operation makes of constants. Divisions by 0 and powers out of range, which a checked
/// problem cannot reach, give 0.
int64_t applyOperation(Op op, int64_t a, int64_t b, int64_t c);

/// Terms without duplicates: equal terms have equal numbers, so that specialised patterns are
/// compared, and answers remembered, by number. Constants are folded on the way in.
class TermPool {
public:
  TermPool();

  /// The pattern or expression for one head and batch element.
  TermId import(const Node &node, int64_t batch, int64_t head);

  TermId constant(int64_t value) { return intern({.op = Op::Constant, .value = value}); }
  TermId boolean(bool value) { return value ? trueTerm : falseTerm; }
  TermId coordinate(Side side, Coordinate coordinate);
  TermId operation(Op op, TermId a, TermId b = -1, TermId c = -1);

  const Term &operator[](TermId id) const { return terms[id]; }
  const RadialParameters &radial(const Term &term) const { return radials[term.value]; }
  TermId size() const { return TermId(terms.size()); }
  /// Forgets the terms numbered from `size` on.
  void shrink(TermId size);

private:
  struct Hash {
    size_t operator()(const Term &term) const;
  };
  TermId intern(Term term);
  TermId difference(TermId a, TermId b);
  TermId comparedDistance(Op op, TermId a, TermId b);
  std::pair<TermId, int64_t> withoutOffset(TermId id) const;

  std::vector<Term> terms;
  std::unordered_map<Term, TermId, Hash> numbers;
  std::vector<RadialParameters> radials;
  TermId trueTerm = -1, falseTerm = -1;
};

} // namespace halftone
