#include "dsl/Node.h"

namespace halftone {

bool isComparison(Op op) { return op >= Op::Equal && op <= Op::GreaterEqual; }

bool isBoolean(const Node &node) {
  if (node.op == Op::Coordinate)
    return node.coordinate == Coordinate::IsText;
  return node.op >= Op::Equal;
}

bool sameTree(const Node &a, const Node &b) {
  if (&a == &b)
    return true;
  if (a.op != b.op || a.value != b.value || a.operands.size() != b.operands.size() ||
      a.size != b.size)
    return false;
  if (a.op == Op::Coordinate && (a.side != b.side || a.coordinate != b.coordinate))
    return false;
  if (a.op == Op::Rounded && a.rounding != b.rounding)
    return false;
  if (a.op == Op::RadialBlocks && a.radial != b.radial)
    return false;
  for (size_t i = 0; i < a.operands.size(); ++i)
    if (!sameTree(*a.operands[i], *b.operands[i]))
      return false;
  return true;
}

const char *unitName(Unit unit) {
  switch (unit) {
  case Unit::None:
    return "numbers";
  case Unit::Token:
    return "tokens";
  case Unit::Frame:
    return "frames";
  case Unit::Place:
    return "places";
  case Unit::Row:
    return "rows";
  case Unit::Column:
    return "columns";
  case Unit::Segment:
    return "segments";
  case Unit::Head:
    return "heads";
  case Unit::Batch:
    return "batch elements";
  }
  return "numbers";
}

} // namespace halftone
