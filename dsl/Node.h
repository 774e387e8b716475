#pragma once

#include "dsl/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace halftone {

/// What an expression counts. Expressions of two different units cannot be added or compared; one
/// of unit None (a constant, a quotient, bits()) goes with every other.
enum class Unit : uint8_t { None, Token, Frame, Place, Row, Column, Segment, Head, Batch };

/// The coordinates of a token in its layout (dsl/Layout.h says what each is for text tokens).
enum class Coordinate : uint8_t { Index, Frame, Place, Row, Column, Segment, IsText };

/// Which token of the (query, key) pair a coordinate belongs to.
enum class Side : uint8_t { Query, Key };

/// The operations of the expression tree. Integers are 64 bits wide, division and mod round towards
/// minus infinity, and booleans are the results of comparisons and of the connectives.
enum class Op : uint8_t {
  Constant,   ///< value
  Coordinate, ///< side, coordinate
  Head,       ///< the query head, 0 .. heads-1
  Batch,      ///< the batch element
  Add,
  Sub,
  Mul,
  FloorDiv,
  Mod,
  Min,
  Max,
  Abs,
  Bits,   ///< number of binary digits: bits(0) = 0, bits(1) = 1, bits(4) = 3; argument >= 0
  Pow2,   ///< 2^x, 0 <= x <= 62
  Select, ///< (boolean, integer, integer)
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  And,
  Or,
  Not,
  Boolean,      ///< value: 0 or 1; the dense pattern is `true`
  RadialBlocks, ///< the reference radial block mask (docs/radial.md); parameters in `radial`
  Rounded,      ///< one boolean operand, rounded to blocks of value x value tokens; see `rounding`
};

/// How a pattern becomes a block mask: a block is kept if any, or all, of its pairs are.
enum class Rounding : uint8_t { Any, All };

/// Parameters of Op::RadialBlocks: the paper's decay, the block size, and whether frame 0 is seen
/// by everyone. The decay is the exact rational decayNumerator / decayDenominator in lowest terms.
struct RadialParameters {
  int64_t decayNumerator = 1;
  int64_t decayDenominator = 1;
  int64_t block = 128;
  bool sink = true;
  bool operator==(const RadialParameters &) const = default;
};

/// One immutable node of the tree behind Expr and Pattern.
struct Node {
  Op op = Op::Constant;
  Unit unit = Unit::None;
  int64_t value = 0;
  Side side = Side::Query;
  Coordinate coordinate = Coordinate::Index;
  Rounding rounding = Rounding::Any;
  RadialParameters radial;
  std::vector<std::shared_ptr<const Node>> operands;
  Where where;
  /// The first mistake made in building this tree, if any; it travels up to the root, where
  /// checking the problem reports it.
  std::shared_ptr<const Error> mistake;
  /// A name given by the user for pictures and reports; not part of the canonical text.
  std::string name;
  /// Levels of the tree, its nodes (a shared one counts every time it is reached), and the levels
  /// of brackets in its text. Kept below the limits here, so that walking a tree by recursion is
  /// safe and its text can always be read back.
  uint32_t depth = 1, size = 1, nesting = 0;
};

using NodePointer = std::shared_ptr<const Node>;

inline constexpr uint32_t maximumDepth = 2'000, maximumSize = 20'000, maximumNesting = 200;

bool isComparison(Op op);
/// Whether the node is a yes/no (a pattern) rather than an integer.
bool isBoolean(const Node &node);
/// Structural equality, names and places in the source aside.
bool sameTree(const Node &a, const Node &b);
/// "frames", "places", ...; "numbers" for None.
const char *unitName(Unit unit);

} // namespace halftone
