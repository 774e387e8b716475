#include "dsl/Build.h"

#include "dsl/Decimal.h"
#include "dsl/Print.h"

#include <algorithm>

namespace halftone {

namespace {

constexpr int64_t maximumBlock = (int64_t{1} << 31) - 1;

NodePointer makeLeaf(Op op, Unit unit, int64_t value, Where where) {
  auto node = std::make_shared<Node>();
  node->op = op;
  node->unit = unit;
  node->value = value;
  node->where = std::move(where);
  return node;
}

Unit unitOf(Coordinate coordinate) {
  switch (coordinate) {
  case Coordinate::Index:
    return Unit::Token;
  case Coordinate::Frame:
    return Unit::Frame;
  case Coordinate::Place:
    return Unit::Place;
  case Coordinate::Row:
    return Unit::Row;
  case Coordinate::Column:
    return Unit::Column;
  case Coordinate::Segment:
    return Unit::Segment;
  case Coordinate::IsText:
    return Unit::None;
  }
  return Unit::None;
}

/// What the operation does with two units, as the start of a message.
std::string attempt(Op op, const std::string &a, const std::string &b) {
  switch (op) {
  case Op::Add:
    return "cannot add " + a + " and " + b;
  case Op::Sub:
    return "cannot subtract " + b + " from " + a;
  case Op::Mod:
    return "cannot take " + a + " modulo " + b;
  case Op::Min:
    return "cannot take the minimum of " + a + " and " + b;
  case Op::Max:
    return "cannot take the maximum of " + a + " and " + b;
  case Op::Select:
    return "cannot select between " + a + " and " + b;
  default:
    return "cannot compare " + a + " with " + b;
  }
}

bool joinsUnits(Op op) {
  return op == Op::Add || op == Op::Sub || op == Op::Mod || op == Op::Min || op == Op::Max ||
         op == Op::Select || isComparison(op);
}

/// The unit of an operation's result; keeps a mistake where two units do not go together.
void setUnit(Node &node) {
  auto unit = [&](size_t i) { return node.operands[i]->unit; };
  if (joinsUnits(node.op)) {
    size_t first = node.op == Op::Select ? 1 : 0;
    Unit a = unit(first), b = unit(first + 1);
    if (a != b && a != Unit::None && b != Unit::None && !node.mistake) {
      std::string left = unitName(a), right = unitName(b);
      node.mistake = std::make_shared<Error>(
          misuse(attempt(node.op, left, right) + " in `" + excerpt(node) + "`",
                 "write both in " + left + ", or both in " + right, node.where));
    }
    if (node.op == Op::Mod)
      node.unit = a;
    else if (!isComparison(node.op))
      node.unit = a != Unit::None ? a : b;
    return;
  }
  switch (node.op) {
  case Op::Mul:
    node.unit = unit(1) == Unit::None ? unit(0) : unit(0) == Unit::None ? unit(1) : Unit::None;
    return;
  case Op::FloorDiv:
    node.unit = unit(1) == Unit::None ? unit(0) : Unit::None;
    return;
  case Op::Abs:
    node.unit = unit(0);
    return;
  default:
    return;
  }
}

/// Takes over the operands' first mistake and measures the tree. A tree past the limits becomes a
/// leaf that carries the mistake, so that trees never grow without bound.
NodePointer finish(std::shared_ptr<Node> node) {
  uint64_t size = 1;
  for (const NodePointer &operand : node->operands) {
    node->depth = std::max(node->depth, operand->depth + 1);
    size += operand->size;
    if (!node->mistake)
      node->mistake = operand->mistake;
  }
  node->size = uint32_t(std::min<uint64_t>(size, UINT32_MAX));
  node->nesting = nestingLevels(*node);
  std::string what;
  if (size > maximumSize) {
    what = "an expression of more than " + std::to_string(maximumSize) + " operations";
  } else if (node->depth > maximumDepth) {
    what = "an expression of more than " + std::to_string(maximumDepth) + " levels";
  } else if (node->nesting > maximumNesting) {
    what = "an expression with more than " + std::to_string(maximumNesting) + " levels of brackets";
  } else {
    setUnit(*node);
    return node;
  }
  auto leaf = std::make_shared<Node>();
  leaf->op = isBoolean(*node) ? Op::Boolean : Op::Constant;
  leaf->where = node->where;
  leaf->mistake =
      node->mistake
          ? node->mistake
          : std::make_shared<Error>(misuse(what, "write it with fewer cases", node->where));
  return leaf;
}

void setMistake(Node &node, std::string message, std::string fix) {
  if (!node.mistake)
    node.mistake = std::make_shared<Error>(misuse(std::move(message), std::move(fix), node.where));
}

void checkBlock(Node &node, int64_t block) {
  if (block <= 0)
    setMistake(node, "a block of " + std::to_string(block) + " tokens",
               "use a block of at least 1 token, for example 128");
  else if (block > maximumBlock)
    setMistake(node, "a block of " + std::to_string(block) + " tokens",
               "use a block of at most " + std::to_string(maximumBlock) + " tokens");
}

/// Why `text` is no decimal that can be taken exactly.
std::string decimalFix(std::string_view text) {
  if (text.starts_with('-') || text.starts_with("nan") || text.starts_with("inf"))
    return "use a finite number that is not negative, for example 0.2";
  return "use at most 18 decimal places and 18 digits, for example 0.2";
}

} // namespace

NodePointer buildConstant(int64_t value, Where where) {
  return makeLeaf(Op::Constant, Unit::None, value, std::move(where));
}

NodePointer buildBoolean(bool value, Where where) {
  return makeLeaf(Op::Boolean, Unit::None, value ? 1 : 0, std::move(where));
}

NodePointer buildCoordinate(Side side, Coordinate coordinate, Where where) {
  auto node = std::make_shared<Node>();
  node->op = Op::Coordinate;
  node->unit = unitOf(coordinate);
  node->side = side;
  node->coordinate = coordinate;
  node->where = std::move(where);
  return node;
}

NodePointer buildHead(Where where) { return makeLeaf(Op::Head, Unit::Head, 0, std::move(where)); }
NodePointer buildBatch(Where where) {
  return makeLeaf(Op::Batch, Unit::Batch, 0, std::move(where));
}

NodePointer buildOperation(Op op, std::vector<NodePointer> operands, Where where) {
  auto node = std::make_shared<Node>();
  node->op = op;
  node->operands = std::move(operands);
  node->where = std::move(where);
  return finish(std::move(node));
}

NodePointer buildNegation(NodePointer operand, Where where) {
  if (operand->op == Op::Constant && operand->value != INT64_MIN && !operand->mistake)
    return buildConstant(-operand->value, std::move(where));
  NodePointer zero = buildConstant(0, where);
  return buildOperation(Op::Sub, {std::move(zero), std::move(operand)}, std::move(where));
}

NodePointer buildScaled(NodePointer operand, std::string_view factor, Where where) {
  std::optional<Decimal> exact = Decimal::parse(factor);
  if (!exact)
    return withMistake(operand, misuse("a factor of " + std::string(factor), decimalFix(factor),
                                       std::move(where)));
  if (exact->numerator != 1)
    operand = buildOperation(Op::Mul, {operand, buildConstant(exact->numerator, where)}, where);
  if (exact->denominator != 1)
    operand =
        buildOperation(Op::FloorDiv, {operand, buildConstant(exact->denominator, where)}, where);
  return operand;
}

NodePointer buildRounded(NodePointer operand, Rounding rounding, int64_t block, Where where) {
  auto node = std::make_shared<Node>();
  node->op = Op::Rounded;
  node->mistake = operand->mistake;
  node->operands = {std::move(operand)};
  node->rounding = rounding;
  node->value = block;
  node->where = std::move(where);
  checkBlock(*node, block);
  return finish(std::move(node));
}

NodePointer buildRadialBlocks(std::string_view decay, int64_t block, bool sink, Where where) {
  auto node = std::make_shared<Node>();
  node->op = Op::RadialBlocks;
  node->where = std::move(where);
  node->radial.block = block;
  node->radial.sink = sink;
  if (std::optional<Decimal> exact = Decimal::parse(decay)) {
    node->radial.decayNumerator = exact->numerator;
    node->radial.decayDenominator = exact->denominator;
  } else {
    setMistake(*node, "a decay of " + std::string(decay), decimalFix(decay));
  }
  checkBlock(*node, block);
  return finish(std::move(node));
}

NodePointer withMistake(const NodePointer &node, Error mistake) {
  if (node->mistake)
    return node;
  auto copy = std::make_shared<Node>(*node);
  copy->mistake = std::make_shared<Error>(std::move(mistake));
  return copy;
}

} // namespace halftone
