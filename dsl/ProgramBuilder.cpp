#include "dsl/ProgramBuilder.h"

#include <algorithm>
#include <bit>
#include <climits>

namespace halftone {

namespace {

using Step = Instruction::Op;
using Wide = __int128;

int64_t clampToInt64(Wide value) { return int64_t(std::clamp<Wide>(value, INT64_MIN, INT64_MAX)); }

int64_t floorDivide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t digits(int64_t value) { return value <= 0 ? 0 : int64_t(std::bit_width(uint64_t(value))); }

int64_t powerOfTwo(int64_t exponent) { return int64_t{1} << std::clamp<int64_t>(exponent, 0, 62); }

ValueFacts product(const ValueFacts &a, const ValueFacts &b) {
  auto corners = {Wide(a.low) * b.low, Wide(a.low) * b.high, Wide(a.high) * b.low,
                  Wide(a.high) * b.high};
  return {clampToInt64(std::min(corners)), clampToInt64(std::max(corners)),
          a.neverNegative && b.neverNegative};
}

/// Bounds of floor(a / b). The divisor is never 0, so its bounds are looked at on each side of 0.
ValueFacts quotient(const ValueFacts &a, const ValueFacts &b) {
  ValueFacts result{INT64_MAX, INT64_MIN, a.neverNegative && b.neverNegative};
  for (int64_t divisor : {b.low, b.high, int64_t{-1}, int64_t{1}}) {
    if (divisor == 0 || divisor < b.low || divisor > b.high)
      continue;
    for (int64_t dividend : {a.low, a.high}) {
      int64_t value =
          divisor == -1 ? clampToInt64(-Wide(dividend)) : floorDivide(dividend, divisor);
      result.low = std::min(result.low, value);
      result.high = std::max(result.high, value);
    }
  }
  return result;
}

/// Bounds of the remainder, which has the divisor's sign.
ValueFacts remainder(const ValueFacts &a, const ValueFacts &b) {
  ValueFacts result{b.low < 0 ? b.low + 1 : 0, b.high > 0 ? b.high - 1 : 0, b.neverNegative};
  if (a.low >= 0 && b.low >= 0)
    result.high = std::min(result.high, a.high);
  return result;
}

ValueFacts magnitude(const ValueFacts &a) {
  int64_t low = a.low == INT64_MIN ? INT64_MAX : std::abs(a.low);
  int64_t high = std::abs(std::max(a.high, -INT64_MAX));
  bool straddles = a.low <= 0 && a.high >= 0;
  return {straddles ? 0 : std::min(low, high), std::max(low, high), true};
}

ValueFacts either(const ValueFacts &a, const ValueFacts &b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high), a.neverNegative && b.neverNegative};
}

} // namespace

int64_t evaluateOperation(Step op, int64_t a, int64_t b, int64_t c) {
  switch (op) {
  case Step::Add:
    return a + b;
  case Step::Sub:
    return a - b;
  case Step::Mul:
    return a * b;
  case Step::FloorDiv:
  case Step::DivPositive:
    return floorDivide(a, b);
  case Step::Mod:
  case Step::ModPositive:
    return a - floorDivide(a, b) * b;
  case Step::Min:
    return std::min(a, b);
  case Step::Max:
    return std::max(a, b);
  case Step::Abs:
    return std::abs(a);
  case Step::Bits:
    return digits(a);
  case Step::Pow2:
    return powerOfTwo(a);
  case Step::Select:
    return a != 0 ? b : c;
  case Step::Equal:
    return a == b;
  case Step::NotEqual:
    return a != b;
  case Step::Less:
    return a < b;
  case Step::LessEqual:
    return a <= b;
  case Step::Greater:
    return a > b;
  case Step::GreaterEqual:
    return a >= b;
  case Step::And:
    return a & b;
  case Step::Or:
    return a | b;
  case Step::Not:
    return a == 0;
  default:
    return a; // inputs and look-ups have no value of their own
  }
}

int32_t ProgramBuilder::constant(int64_t value) {
  Instruction step{.op = Step::Constant, .value = int64_t(program.constants.size())};
  program.constants.push_back(value);
  program.code.push_back(step);
  valueFacts.push_back({value, value, value >= 0});
  return int32_t(program.code.size()) - 1;
}

int32_t ProgramBuilder::boolean(bool value) {
  auto [position, added] =
      known.try_emplace({Step::Boolean, {-1, -1, -1}, value}, int32_t(program.code.size()));
  if (added) {
    program.code.push_back({.op = Step::Boolean, .value = value});
    valueFacts.push_back({value, value, true});
  }
  return position->second;
}

int32_t ProgramBuilder::append(Step op, std::array<int32_t, 3> operands, ValueFacts facts) {
  auto [position, added] = known.try_emplace({op, operands, 0}, int32_t(program.code.size()));
  if (added) {
    program.code.push_back({.op = op, .operands = operands});
    valueFacts.push_back(facts);
  }
  return position->second;
}

int32_t ProgramBuilder::operation(Step op, std::array<int32_t, 3> operands) {
  auto operand = [&](size_t i) { return valueFacts[size_t(operands[i])]; };
  ValueFacts a = operand(0), facts{0, 1, true};
  ValueFacts b = operands[1] < 0 ? ValueFacts{} : operand(1);
  switch (op) {
  case Step::Add:
    facts = {clampToInt64(Wide(a.low) + b.low), clampToInt64(Wide(a.high) + b.high),
             a.neverNegative && b.neverNegative};
    break;
  case Step::Sub:
    facts = {clampToInt64(Wide(a.low) - b.high), clampToInt64(Wide(a.high) - b.low), false};
    break;
  case Step::Mul:
    facts = product(a, b);
    break;
  case Step::FloorDiv:
    facts = quotient(a, b);
    op = facts.neverNegative ? Step::DivPositive : op;
    break;
  case Step::Mod:
    facts = remainder(a, b);
    op = a.neverNegative && b.neverNegative ? Step::ModPositive : op;
    break;
  case Step::Min:
    facts = {std::min(a.low, b.low), std::min(a.high, b.high), a.neverNegative && b.neverNegative};
    break;
  case Step::Max:
    facts = {std::max(a.low, b.low), std::max(a.high, b.high), a.neverNegative || b.neverNegative};
    break;
  case Step::Abs:
    facts = magnitude(a);
    break;
  case Step::Bits:
    facts = {digits(a.low), digits(a.high), true};
    break;
  case Step::Pow2:
    facts = {powerOfTwo(a.low), powerOfTwo(a.high), true};
    break;
  case Step::Select:
    facts = either(b, operand(2));
    break;
  default:
    break; // comparisons and connectives: 0 or 1
  }
  return append(op, operands, facts);
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
    result.wide |= valueFacts[i].low < INT32_MIN || valueFacts[i].high > INT32_MAX;
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
