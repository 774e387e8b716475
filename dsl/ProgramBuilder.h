#pragma once

#include "dsl/Program.h"

#include <map>
#include <tuple>

namespace halftone {

/// What is known of a value while a program is built: bounds over all pairs of the problem (they
/// decide `wide`, and depend on sizes) and whether it is never negative by the form of its
/// expression alone (this decides which division is used, and must not depend on sizes).
struct ValueFacts {
  int64_t low = 0, high = 0;
  bool neverNegative = false;
};

/// Appends instructions to a program, sharing equal ones, and follows what is known of each value.
/// Constants are never shared: two that are equal here may differ in the next problem of the class.
class ProgramBuilder {
public:
  using Step = Instruction::Op;

  int32_t constant(int64_t value);
  int32_t boolean(bool value);
  /// An input or a table look-up, whose facts the caller knows.
  int32_t append(Step op, std::array<int32_t, 3> operands, ValueFacts facts);
  /// An operation on integers or booleans; facts follow from those of the operands. FloorDiv and
  /// Mod become DivPositive and ModPositive where both operands are never negative.
  int32_t operation(Step op, std::array<int32_t, 3> operands);
  /// States what the caller knows better than the operands tell.
  void refine(int32_t value, ValueFacts facts) { valueFacts[size_t(value)] = facts; }
  const ValueFacts &facts(int32_t value) const { return valueFacts[size_t(value)]; }

  std::vector<int32_t> &tables() { return program.tables; }

  /// The program without steps and constants that `mask` and `distances` do not need.
  Program finish(int32_t mask, const std::vector<int32_t> &distances);

private:
  Program program;
  std::vector<ValueFacts> valueFacts;
  std::map<std::tuple<Step, std::array<int32_t, 3>, int64_t>, int32_t> known;
};

/// The value of an operation on constants; the divisor is not 0, 0 <= pow2's argument <= 62, and
/// nothing overflows: Problem::check() has seen to it.
int64_t evaluateOperation(Instruction::Op op, int64_t a, int64_t b = 0, int64_t c = 0);

} // namespace halftone
