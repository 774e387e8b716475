#include "dsl/BlockMasks.h"

namespace halftone {

int64_t TermValue::at(TermId id, int64_t queryIndex, int64_t keyIndex) {
  const Term &term = pool[id];
  auto operand = [&](int i) {
    return term.operands[i] < 0 ? 0 : at(term.operands[i], queryIndex, keyIndex);
  };
  switch (term.op) {
  case Op::Constant:
  case Op::Boolean:
    return term.value;
  case Op::Coordinate:
    return term.side == Side::Query ? query.coordinate(term.coordinate, queryIndex)
                                    : key.coordinate(term.coordinate, keyIndex);
  case Op::And:
    return operand(0) && operand(1);
  case Op::Or:
    return operand(0) || operand(1);
  case Op::Select:
    return operand(0) ? operand(1) : operand(2);
  case Op::RadialBlocks:
  case Op::Rounded: {
    const BlockMask &mask = masks.of(id);
    return mask.kept(queryIndex / mask.block, keyIndex / mask.block);
  }
  default: {
    int64_t a = operand(0), b = operand(1);
    return applyOperation(term.op, a, b, 0);
  }
  }
}

} // namespace halftone
