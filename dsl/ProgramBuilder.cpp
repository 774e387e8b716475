#include "dsl/ProgramBuilder.h"

#include "dsl/IntervalArithmetic.h"

namespace halftone {

namespace {

using Step = Instruction::Op;

Step stepOf(Op op, bool neverNegative) {
  switch (op) {
  case Op::Add:
    return Step::Add;
  case Op::Sub:
    return Step::Sub;
  case Op::Mul:
    return Step::Mul;
  case Op::FloorDiv:
    return neverNegative ? Step::DivPositive : Step::FloorDiv;
  case Op::Mod:
    return neverNegative ? Step::ModPositive : Step::Mod;
  case Op::Min:
    return Step::Min;
  case Op::Max:
    return Step::Max;
  case Op::Abs:
    return Step::Abs;
  case Op::Bits:
    return Step::Bits;
  case Op::Pow2:
    return Step::Pow2;
  case Op::Select:
    return Step::Select;
  case Op::Equal:
    return Step::Equal;
  case Op::NotEqual:
    return Step::NotEqual;
  case Op::Less:
    return Step::Less;
  case Op::LessEqual:
    return Step::LessEqual;
  case Op::Greater:
    return Step::Greater;
  case Op::GreaterEqual:
    return Step::GreaterEqual;
  case Op::And:
    return Step::And;
  case Op::Or:
    return Step::Or;
  default:
    return Step::Not;
  }
}

/// Whether the result is never negative, whatever the sizes.
bool staysPositive(Op op, bool a, bool b) {
  switch (op) {
  case Op::Sub:
    return false;
  case Op::Mod: // has the divisor's sign
    return b;
  case Op::Max:
    return a || b;
  case Op::Abs:
  case Op::Bits:
  case Op::Pow2:
    return true;
  default:
    return a && b;
  }
}

} // namespace

int64_t evaluateOperation(Op op, int64_t a, int64_t b, int64_t c) {
  if (isComparison(op))
    return compareIntervals(op, Interval::point(a), Interval::point(b)) == Truth::AlwaysTrue;
  switch (op) {
  case Op::Select:
    return a != 0 ? b : c;
  case Op::And:
    return a & b;
  case Op::Or:
    return a | b;
  case Op::Not:
    return a == 0;
  default:
    return applyToIntervals(op, Interval::point(a), Interval::point(b)).range.lo;
  }
}

int32_t ProgramBuilder::constant(int64_t value) {
  program.code.push_back({.op = Step::Constant, .value = int64_t(program.constants.size())});
  program.constants.push_back(value);
  facts.push_back({Interval::point(value), value >= 0});
  return int32_t(program.code.size()) - 1;
}

int32_t ProgramBuilder::boolean(bool value) {
  auto [position, added] =
      known.try_emplace({Step::Boolean, {-1, -1, -1}, value}, int32_t(program.code.size()));
  if (added) {
    program.code.push_back({.op = Step::Boolean, .value = value});
    facts.push_back(ValueFacts::upTo(1));
  }
  return position->second;
}

int32_t ProgramBuilder::append(Step step, std::array<int32_t, 3> operands, ValueFacts known) {
  auto [position, added] =
      this->known.try_emplace({step, operands, 0}, int32_t(program.code.size()));
  if (added) {
    program.code.push_back({.op = step, .operands = operands});
    facts.push_back(known);
  }
  return position->second;
}

int32_t ProgramBuilder::operation(Op op, std::array<int32_t, 3> operands) {
  ValueFacts a = facts[size_t(operands[0])];
  ValueFacts b = operands[1] < 0 ? a : facts[size_t(operands[1])];
  ValueFacts result = ValueFacts::upTo(1); // of comparisons and connectives
  if (op == Op::Select) {
    ValueFacts c = facts[size_t(operands[2])];
    result = {b.range.hull(c.range), b.neverNegative && c.neverNegative};
  } else if (op < Op::Equal) {
    result = {applyToIntervals(op, a.range, b.range).range,
              staysPositive(op, a.neverNegative, b.neverNegative)};
  }
  return append(stepOf(op, a.neverNegative && b.neverNegative), operands, result);
}

Program ProgramBuilder::finish(int32_t mask, const std::vector<int32_t> &distances) {
  std::vector<bool> needed(program.code.size(), false);
  needed[size_t(mask)] = true;
  for (int32_t distance : distances)
    needed[size_t(distance)] = true;
  for (size_t i = program.code.size(); i-- > 0;)
    for (int32_t operand : program.code[i].operands)
      if (needed[i] && operand >= 0)
        needed[size_t(operand)] = true;

  Program result;
  std::vector<int32_t> position(program.code.size(), -1);
  for (size_t i = 0; i < program.code.size(); ++i) {
    if (!needed[i])
      continue;
    Instruction step = program.code[i];
    for (int32_t &operand : step.operands)
      if (operand >= 0)
        operand = position[size_t(operand)];
    if (step.op == Step::Constant) {
      result.constants.push_back(program.constants[size_t(step.value)]);
      step.value = int64_t(result.constants.size()) - 1;
    }
    result.wide |= facts[i].range.lo < INT32_MIN || facts[i].range.hi > INT32_MAX;
    position[i] = int32_t(result.code.size());
    result.code.push_back(step);
  }
  result.mask = position[size_t(mask)];
  for (int32_t distance : distances)
    result.distances.push_back(position[size_t(distance)]);
  result.tables = std::move(program.tables);
  return result;
}

} // namespace halftone
