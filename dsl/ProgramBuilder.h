#pragma once

#include "dsl/Interval.h"
#include "dsl/Program.h"

#include <map>
#include <tuple>

namespace halftone {

/// What is known of a value while a program is built.
struct ValueFacts {
  /// Bounds over all pairs of the problem: they decide `wide`, and depend on sizes.
  Interval range;
  /// Never negative by the form of its expression alone: this decides which division is used, and
  /// must not depend on sizes.
  bool neverNegative = false;

  static ValueFacts upTo(int64_t high) { return {{0, high}, true}; }
};

/// Appends instructions to a program, sharing equal ones, and follows what is known of each value.
/// Constants are never shared: two that are equal here may differ in the next problem of the class.
class ProgramBuilder {
public:
  using Step = Instruction::Op;

  int32_t constant(int64_t value);
  int32_t boolean(bool value);
  /// An input or a table look-up, whose facts the caller knows.
  int32_t append(Step step, std::array<int32_t, 3> operands, ValueFacts facts);
  /// An operation of the expression tree on earlier steps; facts follow from those of the operands.
  /// Division and mod of operands that are never negative become DivPositive and ModPositive.
  int32_t operation(Op op, std::array<int32_t, 3> operands);
  /// States what the caller knows better than the operands tell.
  void refine(int32_t value, ValueFacts better) { facts[size_t(value)] = better; }

  std::vector<int32_t> &tables() { return program.tables; }

  /// The program without steps and constants that `mask` and `distances` do not need.
  Program finish(int32_t mask, const std::vector<int32_t> &distances);

private:
  Program program;
  std::vector<ValueFacts> facts;
  std::map<std::tuple<Step, std::array<int32_t, 3>, int64_t>, int32_t> known;
};

/// The value of an operation on constants for which it is defined.
int64_t evaluateOperation(Op op, int64_t a, int64_t b, int64_t c);

} // namespace halftone
