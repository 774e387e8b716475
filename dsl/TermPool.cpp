#include "dsl/TermPool.h"

#include <algorithm>
#include <bit>

namespace halftone {
namespace {

int64_t floorQuotient(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

int operandCount(Op op) {
  switch (op) {
  case Op::Abs:
  case Op::Bits:
  case Op::Pow2:
  case Op::Not:
  case Op::Rounded:
    return 1;
  case Op::Select:
    return 3;
  default:
    return 2;
  }
}

bool isBooleanOperation(Op op) {
  return op >= Op::Equal; // comparisons, connectives and block masks come last
}

} // namespace

int64_t applyOperation(Op op, int64_t a, int64_t b, int64_t c) {
  switch (op) {
  case Op::Add:
    return a + b;
  case Op::Sub:
    return a - b;
  case Op::Mul:
    return a * b;
  case Op::FloorDiv:
    return b == 0 ? 0 : floorQuotient(a, b);
  case Op::Mod:
    return b == 0 ? 0 : a - floorQuotient(a, b) * b;
  case Op::Min:
    return std::min(a, b);
  case Op::Max:
    return std::max(a, b);
  case Op::Abs:
    return a < 0 ? -a : a;
  case Op::Bits:
    return a <= 0 ? 0 : std::bit_width(uint64_t(a));
  case Op::Pow2:
    return a < 0 || a > 62 ? 0 : int64_t{1} << a;
  case Op::Select:
    return a ? b : c;
  case Op::Equal:
    return a == b;
  case Op::NotEqual:
    return a != b;
  case Op::Less:
    return a < b;
  case Op::LessEqual:
    return a <= b;
  case Op::Greater:
    return a > b;
  case Op::GreaterEqual:
    return a >= b;
  case Op::And:
    return a & b;
  case Op::Or:
    return a | b;
  case Op::Not:
    return !a;
  default:
    return 0;
  }
}

TermPool::TermPool() {
  falseTerm = intern({.op = Op::Boolean, .value = 0});
  trueTerm = intern({.op = Op::Boolean, .value = 1});
}

size_t TermPool::Hash::operator()(const Term &term) const {
  uint64_t hash = uint64_t(term.op) | uint64_t(term.side) << 8 | uint64_t(term.coordinate) << 16 |
                  uint64_t(term.rounding) << 24;
  auto mix = [&](uint64_t word) { hash = (std::rotl(hash, 23) ^ word) * 0x9e3779b97f4a7c15; };
  mix(uint64_t(term.value));
  mix(uint64_t(uint32_t(term.operands[0])) << 32 | uint32_t(term.operands[1]));
  mix(uint32_t(term.operands[2]));
  return hash ^ hash >> 29;
}

TermId TermPool::intern(Term term) {
  auto [at, isNew] = numbers.try_emplace(term, TermId(terms.size()));
  if (isNew)
    terms.push_back(term);
  return at->second;
}

void TermPool::shrink(TermId size) {
  for (; TermId(terms.size()) > size; terms.pop_back())
    numbers.erase(terms.back());
}

TermId TermPool::coordinate(Side side, Coordinate coordinate) {
  return intern({.op = Op::Coordinate,
                 .side = side,
                 .coordinate = coordinate,
                 .uses = coordinateBit(side, coordinate)});
}

/// x for x + constant, with the constant.
std::pair<TermId, int64_t> TermPool::withoutOffset(TermId id) const {
  const Term &term = terms[id];
  if (term.op == Op::Add && terms[term.operands[1]].op == Op::Constant)
    return {term.operands[0], terms[term.operands[1]].value};
  return {id, 0};
}

/// (x + c) - (y + d) as (x - y) + (c - d), so that a distance of token indices in two frames is one
/// of places and a constant, the same for all frames equally far apart.
TermId TermPool::difference(TermId a, TermId b) {
  auto [left, leftOffset] = withoutOffset(a);
  auto [right, rightOffset] = withoutOffset(b);
  if (leftOffset == 0 && rightOffset == 0)
    return -1;
  return operation(Op::Add, operation(Op::Sub, left, right), constant(leftOffset - rightOffset));
}

/// (x + c) < (y + d) as (x - y) < (d - c) for places x of one side and y of the other, for the same
/// reason; likewise for the other comparisons.
TermId TermPool::comparedDistance(Op op, TermId a, TermId b) {
  auto [left, leftOffset] = withoutOffset(a);
  auto [right, rightOffset] = withoutOffset(b);
  const Term &x = terms[left], &y = terms[right];
  if (x.op != Op::Coordinate || y.op != Op::Coordinate || x.side == y.side ||
      x.coordinate != Coordinate::Place || y.coordinate != Coordinate::Place)
    return -1;
  TermId apart = operation(Op::Sub, left, right);
  return operation(op, apart, constant(rightOffset - leftOffset));
}

TermId TermPool::operation(Op op, TermId a, TermId b, TermId c) {
  auto known = [&](TermId id) { return id < 0 || terms[id].isConstant(); };
  auto value = [&](TermId id) { return id < 0 ? 0 : terms[id].value; };
  if (known(a) && known(b) && known(c)) {
    int64_t result = applyOperation(op, value(a), value(b), value(c));
    return isBooleanOperation(op) ? boolean(result != 0) : constant(result);
  }
  switch (op) {
  case Op::And:
  case Op::Or: {
    TermId absorbing = boolean(op == Op::Or);
    if (a == absorbing || b == absorbing)
      return absorbing;
    if (known(a) || a == b)
      return b;
    if (known(b))
      return a;
    break;
  }
  case Op::Not:
    if (terms[a].op == Op::Not)
      return terms[a].operands[0];
    break;
  case Op::Select:
    if (known(a))
      return value(a) ? b : c;
    break;
  case Op::Add:
    if (known(a))
      std::swap(a, b);
    if (known(b) && value(b) == 0)
      return a;
    if (known(b)) {
      auto [inner, offset] = withoutOffset(a);
      if (offset != 0)
        return operation(Op::Add, inner, constant(offset + value(b)));
    }
    break;
  case Op::Sub:
    if (TermId result = difference(a, b); result >= 0)
      return result;
    break;
  case Op::Equal:
  case Op::NotEqual:
  case Op::Less:
  case Op::LessEqual:
  case Op::Greater:
  case Op::GreaterEqual:
    if (TermId result = comparedDistance(op, a, b); result >= 0)
      return result;
    break;
  default:
    break;
  }
  Term term{.op = op, .operands = {a, b, c}};
  for (TermId operand : term.operands)
    if (operand >= 0)
      term.uses |= terms[operand].uses;
  return intern(term);
}

TermId TermPool::import(const Node &node, int64_t batch, int64_t head) {
  switch (node.op) {
  case Op::Constant:
    return constant(node.value);
  case Op::Boolean:
    return boolean(node.value != 0);
  case Op::Coordinate:
    return coordinate(node.side, node.coordinate);
  case Op::Head:
    return constant(head);
  case Op::Batch:
    return constant(batch);
  case Op::RadialBlocks: {
    auto at = std::find(radials.begin(), radials.end(), node.radial);
    int64_t position = at - radials.begin();
    if (at == radials.end())
      radials.push_back(node.radial);
    return intern({.op = Op::RadialBlocks, .value = position, .uses = blockBit});
  }
  case Op::Rounded: {
    TermId operand = import(*node.operands[0], batch, head);
    if (terms[operand].isConstant())
      return operand;
    return intern({.op = Op::Rounded,
                   .rounding = node.rounding,
                   .value = node.value,
                   .operands = {operand, -1, -1},
                   .uses = blockBit});
  }
  default:
    break;
  }
  std::array<TermId, 3> operands{-1, -1, -1};
  for (int i = 0; i < operandCount(node.op); ++i)
    operands[i] = import(*node.operands[i], batch, head);
  return operation(node.op, operands[0], operands[1], operands[2]);
}

} // namespace halftone
