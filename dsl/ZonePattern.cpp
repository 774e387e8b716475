#include "dsl/ZonePattern.h"

namespace halftone {
namespace {

constexpr uint32_t placeBits =
    coordinateBit(Side::Query, Coordinate::Place) | coordinateBit(Side::Key, Coordinate::Place);

} // namespace

TermId ZonePattern::specialise(TermId condition, const Zone &query, const Zone &key) {
  zones[0] = &query;
  zones[1] = &key;
  fixedBits = 0;
  for (Side side : {Side::Query, Side::Key}) {
    const Zone &zone = *zones[int(side)];
    fixedBits |= coordinateBit(side, Coordinate::IsText);
    if (zone.frame >= 0)
      fixedBits |= coordinateBit(side, Coordinate::Frame);
    if (zone.segment >= 0)
      fixedBits |= coordinateBit(side, Coordinate::Segment);
  }
  return fold(condition);
}

TermId ZonePattern::fold(TermId id) {
  const Term term = pool[id]; // a copy: the pool may grow below
  if ((term.uses & ~placeBits) == 0)
    return id;
  if (isFixed(term)) {
    int64_t value = evaluate(id);
    bool isBoolean = term.op >= Op::Equal || term.op == Op::Coordinate;
    if (term.op == Op::Coordinate && term.coordinate != Coordinate::IsText)
      isBoolean = false;
    return isBoolean ? pool.boolean(value != 0) : pool.constant(value);
  }
  switch (term.op) {
  case Op::Coordinate:
    return foldCoordinate(term);
  case Op::And:
  case Op::Or: {
    // The side that the zones decide first: it often decides the other.
    bool swap = isFixed(pool[term.operands[1]]);
    TermId absorbing = pool.boolean(term.op == Op::Or);
    TermId first = fold(term.operands[swap]);
    if (first == absorbing)
      return absorbing;
    return pool.operation(term.op, first, fold(term.operands[!swap]));
  }
  case Op::Select: {
    TermId condition = fold(term.operands[0]);
    if (pool[condition].isConstant())
      return fold(pool[condition].value ? term.operands[1] : term.operands[2]);
    TermId yes = fold(term.operands[1]), no = fold(term.operands[2]);
    return pool.operation(Op::Select, condition, yes, no);
  }
  default: {
    std::array<TermId, 3> operands = term.operands;
    for (TermId &operand : operands)
      if (operand >= 0)
        operand = fold(operand);
    return pool.operation(term.op, operands[0], operands[1], operands[2]);
  }
  }
}

TermId ZonePattern::foldCoordinate(const Term &term) {
  const Zone &zone = *zones[int(term.side)];
  const Layout &layout = *layouts[int(term.side)];
  TermId place = pool.coordinate(term.side, Coordinate::Place);
  bool isFlat = zone.isText || layout.height() == 1; // one row of columns
  if (zone.frame >= 0) {
    if (term.coordinate == Coordinate::Index)
      return pool.operation(Op::Add, place, pool.constant(zone.begin - zone.place));
    if (term.coordinate == Coordinate::Column && isFlat)
      return place;
  }
  if (term.coordinate == Coordinate::Row && isFlat)
    return pool.constant(0);
  return pool.coordinate(term.side, term.coordinate);
}

int64_t ZonePattern::evaluate(TermId id) const {
  const Term &term = pool[id];
  auto operand = [&](int i) { return evaluate(term.operands[i]); };
  switch (term.op) {
  case Op::Constant:
  case Op::Boolean:
    return term.value;
  case Op::Coordinate: {
    const Zone &zone = *zones[int(term.side)];
    return term.coordinate == Coordinate::Frame    ? zone.frame
           : term.coordinate == Coordinate::IsText ? int64_t{zone.isText}
                                                   : zone.segment;
  }
  case Op::And:
    return operand(0) && operand(1);
  case Op::Or:
    return operand(0) || operand(1);
  case Op::Select:
    return operand(0) ? operand(1) : operand(2);
  case Op::Abs:
  case Op::Bits:
  case Op::Pow2:
  case Op::Not:
    return applyOperation(term.op, operand(0), 0, 0);
  default:
    return applyOperation(term.op, operand(0), operand(1), 0);
  }
}

} // namespace halftone
