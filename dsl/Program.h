#pragma once

#include "dsl/Problem.h"

#include <array>

namespace halftone {

/// One step of a straight-line mask program. Operands are numbers of earlier instructions.
struct Instruction {
  // clang-format off
  enum class Op : uint8_t {
    QueryIndex, KeyIndex, Head, Batch, ///< the inputs, as integers
    Constant,                          ///< constants[value]
    Add, Sub, Mul,
    FloorDiv, Mod,                     ///< operands may be negative; the divisor is not 0
    DivPositive, ModPositive,          ///< operands proved not negative: unsigned division is right
    Min, Max, Abs, Bits, Pow2, Select,
    Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual,
    And, Or, Not, Boolean,             ///< Boolean: value is 0 or 1
    Table,                             ///< tables[operand0 + operand1]; operand0 is a table's offset
    BlockKept,                         ///< operand0: offset of a block table, then query block, key block
  };
  // clang-format on
  Op op;
  std::array<int32_t, 3> operands{-1, -1, -1};
  int64_t value = 0;
};

/// The mask and the bias distances of a problem as one straight-line program, common
/// subexpressions shared, coordinates reduced to arithmetic on token indices, and **every constant
/// lifted out**: two problems that differ only in lengths, decays, window sizes have the same
/// `code` and other `constants`, so that one compiled image serves both. `shape()` is what an image
/// is compiled for.
///
/// A table of segments holds the segment of every token. A block table (Op::BlockKept) holds, from
/// its offset, N + 1 row starts (absolute positions in `tables`) and then pairs (begin, end) of
/// kept key blocks, sorted and disjoint; blocks kb with begin <= kb < end are kept.
///
/// A program may be run for indices past the last tokens, as the last tile of a row does: it then
/// says nothing of use, but divides by no 0 and reads nothing outside the tables.
struct Program {
  std::vector<Instruction> code;
  int32_t mask = -1;              ///< the instruction that says whether the pair is kept
  std::vector<int32_t> distances; ///< one instruction for each bias
  bool wide = false;              ///< values need 64 bits; else every value fits in 32
  std::vector<int64_t> constants;
  std::vector<int32_t> tables;

  bool keepsAll() const; ///< the mask is the constant true
  /// The class of masks: code, mask, distances and `wide`, without constants and tables.
  std::string shape() const;
};

/// The problem must check(). Deterministic.
Result<Program> lowerProgram(const Problem &problem);
/// Its shape() alone, which makes no block masks.
Result<std::string> programShape(const Problem &problem);

} // namespace halftone
