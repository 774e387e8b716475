#pragma once

#include "dsl/Interval.h"

namespace halftone {

/// What can go wrong in one operation.
enum class Trouble : uint8_t { None, DivisionByZero, Overflow, NegativeBits, PowerOutOfRange };

/// The bounds of an operation's result over the operands for which it is defined, and whether it is
/// defined for all of them. Bounds outside 64 bits stop at the ends.
struct Outcome {
  Interval range;
  Trouble trouble = Trouble::None;
};

/// An integer operation of one (b is not looked at) or two independent integers.
Outcome applyToIntervals(Op op, Interval a, Interval b);

/// A comparison of two independent integers.
Truth compareIntervals(Op op, Interval a, Interval b);
/// A comparison of an integer with itself.
Truth compareWithItself(Op op);

} // namespace halftone
