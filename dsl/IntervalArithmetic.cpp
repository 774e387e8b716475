#include "dsl/IntervalArithmetic.h"

#include <bit>

namespace halftone {

namespace {

using Wide = __int128;

Outcome clamped(Wide lo, Wide hi) {
  Outcome outcome;
  if (lo < INT64_MIN || hi > INT64_MAX)
    outcome.trouble = Trouble::Overflow;
  auto clamp = [](Wide value) { return int64_t(std::clamp<Wide>(value, INT64_MIN, INT64_MAX)); };
  outcome.range = {clamp(lo), clamp(hi)};
  return outcome;
}

Outcome hullOf(std::initializer_list<Wide> values) {
  return clamped(std::min(values), std::max(values));
}

Wide floorQuotient(Wide a, Wide b) {
  Wide quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/// The quotient for divisors of one sign.
Outcome divide(Interval a, Interval b) {
  return hullOf({floorQuotient(a.lo, b.lo), floorQuotient(a.lo, b.hi), floorQuotient(a.hi, b.lo),
                 floorQuotient(a.hi, b.hi)});
}

Outcome divideByAny(Interval a, Interval b) {
  if (!b.contains(0))
    return divide(a, b);
  Outcome outcome{Interval::everything(), Trouble::DivisionByZero};
  if (b.lo < 0 && b.hi > 0)
    outcome.range = divide(a, {b.lo, -1}).range.hull(divide(a, {1, b.hi}).range);
  else if (b.lo < 0)
    outcome.range = divide(a, {b.lo, -1}).range;
  else if (b.hi > 0)
    outcome.range = divide(a, {1, b.hi}).range;
  return outcome;
}

Outcome remainder(Interval a, Interval b) {
  Outcome outcome;
  if (b.contains(0)) {
    outcome.trouble = Trouble::DivisionByZero;
    if (b.isPoint())
      return {Interval::everything(), Trouble::DivisionByZero};
  }
  if (b.isPoint() && floorQuotient(a.lo, b.lo) == floorQuotient(a.hi, b.lo)) {
    Wide base = floorQuotient(a.lo, b.lo) * b.lo;
    return clamped(a.lo - base, a.hi - base);
  }
  // A remainder has the sign of its divisor and is smaller; of nothing negative it is at most that.
  outcome.range = {b.lo < 0 ? b.lo + 1 : 0, b.hi > 0 ? b.hi - 1 : 0};
  if (a.lo >= 0 && b.lo >= 0) {
    outcome.range.hi = std::min(outcome.range.hi, a.hi);
    if (a.hi < b.lo)
      outcome.range.lo = a.lo;
  }
  return outcome;
}

int64_t binaryDigits(int64_t value) { return int64_t(std::bit_width(uint64_t(value))); }

} // namespace

Outcome applyToIntervals(Op op, Interval a, Interval b) {
  switch (op) {
  case Op::Add:
    return clamped(Wide{a.lo} + b.lo, Wide{a.hi} + b.hi);
  case Op::Sub:
    return clamped(Wide{a.lo} - b.hi, Wide{a.hi} - b.lo);
  case Op::Mul:
    return hullOf({Wide{a.lo} * b.lo, Wide{a.lo} * b.hi, Wide{a.hi} * b.lo, Wide{a.hi} * b.hi});
  case Op::FloorDiv:
    return divideByAny(a, b);
  case Op::Mod:
    return remainder(a, b);
  case Op::Min:
    return {{std::min(a.lo, b.lo), std::min(a.hi, b.hi)}};
  case Op::Max:
    return {{std::max(a.lo, b.lo), std::max(a.hi, b.hi)}};
  case Op::Abs:
    if (a.lo >= 0)
      return {a};
    if (a.hi <= 0)
      return clamped(-Wide{a.hi}, -Wide{a.lo});
    return clamped(0, std::max<Wide>(-Wide{a.lo}, a.hi));
  case Op::Bits:
    return {{binaryDigits(std::max<int64_t>(a.lo, 0)), binaryDigits(std::max<int64_t>(a.hi, 0))},
            a.lo < 0 ? Trouble::NegativeBits : Trouble::None};
  case Op::Pow2: {
    Interval power{std::clamp<int64_t>(a.lo, 0, 62), std::clamp<int64_t>(a.hi, 0, 62)};
    return {{int64_t{1} << power.lo, int64_t{1} << power.hi},
            power == a ? Trouble::None : Trouble::PowerOutOfRange};
  }
  default:
    return {Interval::everything()};
  }
}

Truth compareIntervals(Op op, Interval a, Interval b) {
  auto decide = [](bool always, bool never) {
    return always ? Truth::AlwaysTrue : never ? Truth::AlwaysFalse : Truth::Mixed;
  };
  bool apart = a.hi < b.lo || b.hi < a.lo;
  bool same = a.isPoint() && a == b;
  switch (op) {
  case Op::Equal:
    return decide(same, apart);
  case Op::NotEqual:
    return decide(apart, same);
  case Op::Less:
    return decide(a.hi < b.lo, a.lo >= b.hi);
  case Op::LessEqual:
    return decide(a.hi <= b.lo, a.lo > b.hi);
  case Op::Greater:
    return decide(a.lo > b.hi, a.hi <= b.lo);
  case Op::GreaterEqual:
    return decide(a.lo >= b.hi, a.hi < b.lo);
  default:
    return Truth::Mixed;
  }
}

Truth compareWithItself(Op op) {
  return op == Op::Equal || op == Op::LessEqual || op == Op::GreaterEqual ? Truth::AlwaysTrue
                                                                          : Truth::AlwaysFalse;
}

} // namespace halftone
