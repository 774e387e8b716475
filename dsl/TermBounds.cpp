#include "dsl/TermBounds.h"

namespace halftone {

/// A vector of pieces that keeps its memory for the next user.
template <typename Pieces> class TermBounds::Lease {
public:
  explicit Lease(Spare<Pieces> &spare) : spare(spare) {
    if (spare.empty()) {
      pieces = std::make_unique<Pieces>();
    } else {
      pieces = std::move(spare.back());
      spare.pop_back();
    }
  }
  ~Lease() { spare.push_back(std::move(pieces)); }
  Lease(const Lease &) = delete;
  Lease &operator=(const Lease &) = delete;
  Pieces &operator*() { return *pieces; }

private:
  Spare<Pieces> &spare;
  std::unique_ptr<Pieces> pieces;
};

bool TermBounds::overZone(TermId condition, const CoordinateRanges &query, const Zone &keyZone,
                          Domain keys, const Resolution &precision, Truths &out) {
  queryRanges = &query;
  zone = &keyZone;
  domain = keys;
  resolution = precision;
  arithmetic = BoundArithmetic(domain, resolution);
  givenUp = false;
  truths(condition, out);
  return !givenUp;
}

Kept TermBounds::overRanges(TermId condition, const CoordinateRanges &query,
                            const CoordinateRanges &keys) {
  queryRanges = &query;
  keyRanges = &keys;
  zone = nullptr;
  domain = {0, 1};
  resolution = {};
  arithmetic = BoundArithmetic(domain, resolution);
  givenUp = false;
  Lease<Truths> out(spareTruths);
  truths(condition, *out);
  return (*out)[0].kept;
}

void TermBounds::truths(TermId id, Truths &out) {
  const Term &term = pool[id];
  switch (term.op) {
  case Op::And:
  case Op::Or: {
    Lease<Truths> left(spareTruths), right(spareTruths);
    truths(term.operands[0], *left);
    truths(term.operands[1], *right);
    if (term.op == Op::And)
      arithmetic.both(*left, *right, out);
    else
      arithmetic.either(*left, *right, out);
    return;
  }
  case Op::Not:
    truths(term.operands[0], out);
    return arithmetic.negate(out);
  case Op::Boolean:
    out.assign(1, {domain.begin, term.value ? Kept::All : Kept::None});
    return;
  case Op::Coordinate: { // isText, never left over a zone
    const CoordinateRanges &ranges = term.side == Side::Query ? *queryRanges : *keyRanges;
    const CoordinateRange &range = ranges[size_t(Coordinate::IsText)];
    out.assign(1, {domain.begin, range.low ? Kept::All : range.high ? Kept::Some : Kept::None});
    return;
  }
  default:
    return compare(term, out);
  }
}

void TermBounds::compare(const Term &term, Truths &out) {
  if (term.op == Op::RadialBlocks || term.op == Op::Rounded) // MaskSolver knows more
    return out.assign(1, {domain.begin, Kept::Some});
  Lease<Bounds> left(spareBounds), right(spareBounds);
  bounds(term.operands[0], *left);
  bounds(term.operands[1], *right);
  switch (term.op) {
  case Op::Equal:
    arithmetic.equal(*left, *right, out);
    break;
  case Op::NotEqual:
    arithmetic.equal(*left, *right, out);
    arithmetic.negate(out);
    break;
  case Op::Less:
    arithmetic.less(*left, *right, out);
    break;
  case Op::LessEqual:
    arithmetic.less(*right, *left, out);
    arithmetic.negate(out);
    break;
  case Op::Greater:
    arithmetic.less(*right, *left, out);
    break;
  default: // GreaterEqual
    arithmetic.less(*left, *right, out);
    arithmetic.negate(out);
    break;
  }
}

void TermBounds::withOperands(const Term &term,
                              void (BoundArithmetic::*apply)(const Bounds &, const Bounds &,
                                                             Bounds &) const,
                              Bounds &out) {
  Lease<Bounds> left(spareBounds), right(spareBounds);
  bounds(term.operands[0], *left);
  bounds(term.operands[1], *right);
  (arithmetic.*apply)(*left, *right, out);
}

void TermBounds::withOperand(const Term &term,
                             void (BoundArithmetic::*apply)(const Bounds &, Bounds &) const,
                             Bounds &out) {
  Lease<Bounds> operand(spareBounds);
  bounds(term.operands[0], *operand);
  (arithmetic.*apply)(*operand, out);
}

void TermBounds::bounds(TermId id, Bounds &out) {
  const Term &term = pool[id];
  auto range = [&](int64_t low, int64_t high) {
    out.assign(1, {domain.begin, {low, 0}, {high, 0}});
  };
  if (givenUp)
    return range(0, 0);
  switch (term.op) {
  case Op::Coordinate:
    if (term.side == Side::Query)
      range((*queryRanges)[size_t(term.coordinate)].low,
            (*queryRanges)[size_t(term.coordinate)].high);
    else if (!zone)
      range((*keyRanges)[size_t(term.coordinate)].low, (*keyRanges)[size_t(term.coordinate)].high);
    else
      keyCoordinate(term.coordinate, out);
    break;
  case Op::Add:
    withOperands(term, &BoundArithmetic::add, out);
    break;
  case Op::Sub:
    withOperands(term, &BoundArithmetic::subtract, out);
    break;
  case Op::Mul:
    withOperands(term, &BoundArithmetic::multiply, out);
    break;
  case Op::FloorDiv:
    withOperands(term, &BoundArithmetic::divide, out);
    break;
  case Op::Mod:
    withOperands(term, &BoundArithmetic::modulo, out);
    break;
  case Op::Min:
    withOperands(term, &BoundArithmetic::minimum, out);
    break;
  case Op::Max:
    withOperands(term, &BoundArithmetic::maximum, out);
    break;
  case Op::Abs:
    withOperand(term, &BoundArithmetic::absolute, out);
    break;
  case Op::Bits:
    withOperand(term, &BoundArithmetic::bits, out);
    break;
  case Op::Pow2:
    withOperand(term, &BoundArithmetic::pow2, out);
    break;
  case Op::Select: {
    Lease<Truths> condition(spareTruths);
    Lease<Bounds> yes(spareBounds), no(spareBounds);
    truths(term.operands[0], *condition);
    bounds(term.operands[1], *yes);
    bounds(term.operands[2], *no);
    arithmetic.select(*condition, *yes, *no, out);
    break;
  }
  default:
    range(term.value, term.value);
    break;
  }
  if (out.size() > resolution.limit)
    givenUp = true;
}

void TermBounds::keyCoordinate(Coordinate coordinate, Bounds &out) {
  auto line = [&](int64_t offset, int64_t slope, Bounds &bounds) {
    bounds.assign(1, {domain.begin, {offset, slope}, {offset, slope}});
  };
  auto apply = [&](auto operation, const Bounds &operand, int64_t divisor, Bounds &result) {
    Lease<Bounds> constant(spareBounds);
    line(divisor, 0, *constant);
    (arithmetic.*operation)(operand, *constant, result);
  };
  Lease<Bounds> x(spareBounds), place(spareBounds);
  line(0, 1, *x);
  bool several = zone->frame < 0;
  if (several)
    apply(&BoundArithmetic::modulo, *x, key.tokensPerFrame(), *place);
  switch (coordinate) {
  case Coordinate::Frame:
    return apply(&BoundArithmetic::divide, *x, key.tokensPerFrame(), out);
  case Coordinate::Row:
    return apply(&BoundArithmetic::divide, several ? *place : *x, key.width(), out);
  case Coordinate::Column:
    return apply(&BoundArithmetic::modulo, *x, key.width(), out);
  case Coordinate::Place:
    out = several ? *place : *x;
    return;
  default: // the index; the others are fixed by the zone
    out = *x;
    return;
  }
}

} // namespace halftone
