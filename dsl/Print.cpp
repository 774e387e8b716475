#include "dsl/Print.h"

#include "dsl/Decimal.h"
#include "dsl/Vocabulary.h"

#include <algorithm>

namespace halftone {

namespace {

enum Precedence {
  OrLevel,
  AndLevel,
  NotLevel,
  ComparisonLevel,
  SumLevel,
  TermLevel,
  UnaryLevel,
  PrimaryLevel
};

/// 0 - x is written -x, except for a constant x: -5 reads as the constant minus five.
bool isNegation(const Node &node) {
  return node.op == Op::Sub && node.operands[0]->op == Op::Constant &&
         node.operands[0]->value == 0 && node.operands[1]->op != Op::Constant;
}

Precedence precedence(const Node &node) {
  if (isComparison(node.op))
    return ComparisonLevel;
  switch (node.op) {
  case Op::Or:
    return OrLevel;
  case Op::And:
    return AndLevel;
  case Op::Not:
    return NotLevel;
  case Op::Sub:
    return isNegation(node) ? UnaryLevel : SumLevel;
  case Op::Add:
    return SumLevel;
  case Op::Mul:
  case Op::FloorDiv:
  case Op::Mod:
    return TermLevel;
  default:
    return PrimaryLevel;
  }
}

const char *symbol(Op op) {
  switch (op) {
  case Op::Add:
    return " + ";
  case Op::Sub:
    return " - ";
  case Op::Mul:
    return " * ";
  case Op::FloorDiv:
    return " / ";
  case Op::Mod:
    return " % ";
  case Op::Equal:
    return " == ";
  case Op::NotEqual:
    return " != ";
  case Op::Less:
    return " < ";
  case Op::LessEqual:
    return " <= ";
  case Op::Greater:
    return " > ";
  case Op::GreaterEqual:
    return " >= ";
  case Op::And:
    return " & ";
  case Op::Or:
    return " | ";
  default:
    return nullptr;
  }
}

std::string_view functionName(Op op) {
  return op == Op::Rounded ? "rounded" : wordFor(functionWords, op);
}

/// Whether operand number `index` of a prefix or infix operation is put in brackets.
bool bracketed(const Node &node, size_t index) {
  Precedence own = precedence(node), inner = precedence(*node.operands[index]);
  if (own == NotLevel)
    return inner != NotLevel && inner != PrimaryLevel;
  if (own == UnaryLevel)
    return inner < UnaryLevel;
  if (own == ComparisonLevel)
    return inner <= ComparisonLevel;
  return index == 0 ? inner < own : inner <= own;
}

void write(const Node &node, std::string &out);

void writeOperand(const Node &node, size_t index, std::string &out) {
  bool brackets = bracketed(node, index);
  if (brackets)
    out += '(';
  write(*node.operands[index], out);
  if (brackets)
    out += ')';
}

void writeRadialBlocks(const RadialParameters &radial, std::string &out) {
  out += "radialBlocks(decay=";
  out += Decimal{radial.decayNumerator, radial.decayDenominator}.text();
  out += ", block=" + std::to_string(radial.block);
  out += radial.sink ? ", sink=1)" : ", sink=0)";
}

void writeCall(const Node &node, std::string &out) {
  out += functionName(node.op);
  out += '(';
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (i != 0)
      out += ", ";
    write(*node.operands[i], out);
  }
  if (node.op == Op::Rounded) {
    out += node.rounding == Rounding::Any ? ", any, " : ", all, ";
    out += std::to_string(node.value);
  }
  out += ')';
}

void write(const Node &node, std::string &out) {
  if (!functionName(node.op).empty())
    return writeCall(node, out);
  if (isNegation(node)) {
    out += '-';
    return writeOperand(node, 1, out);
  }
  if (const char *infix = symbol(node.op)) {
    writeOperand(node, 0, out);
    out += infix;
    return writeOperand(node, 1, out);
  }
  switch (node.op) {
  case Op::Constant:
    out += std::to_string(node.value);
    return;
  case Op::Boolean:
    out += node.value ? "true" : "false";
    return;
  case Op::Coordinate:
    out += node.side == Side::Query ? 'q' : 'k';
    out += '.';
    out += wordFor(coordinateWords, node.coordinate);
    return;
  case Op::Head:
    out += "head";
    return;
  case Op::Batch:
    out += "batch";
    return;
  case Op::Not:
    out += '~';
    return writeOperand(node, 0, out);
  case Op::RadialBlocks:
    return writeRadialBlocks(node.radial, out);
  default:
    return;
  }
}

} // namespace

std::string print(const Node &node) {
  std::string out;
  write(node, out);
  return out;
}

std::string excerpt(const Node &node) {
  std::string text = print(node);
  return text.size() <= 72 ? text : text.substr(0, 69) + "...";
}

uint32_t nestingLevels(const Node &node) {
  bool call = !functionName(node.op).empty();
  bool prefix = node.op == Op::Not || isNegation(node);
  uint32_t levels = call || prefix ? 1 : 0;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    bool brackets = !call && bracketed(node, i);
    levels = std::max(levels, node.operands[i]->nesting + (call || prefix) + brackets);
  }
  return levels;
}

} // namespace halftone
