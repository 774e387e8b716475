#pragma once

#include <bit>
#include <cstdint>

namespace halftone {

/// Division of numbers that are not negative by one that is nearly always a power of two: plans
/// divide a few times for every range of keys.
class Division {
public:
  /// `divisor` is at least 1.
  explicit Division(int64_t divisor)
      : divisor(divisor),
        shift(std::has_single_bit(uint64_t(divisor)) ? std::countr_zero(uint64_t(divisor)) : -1) {}

  int64_t down(int64_t number) const { return shift >= 0 ? number >> shift : number / divisor; }
  int64_t up(int64_t number) const { return down(number + divisor - 1); }
  /// The multiple of the divisor that is not greater.
  int64_t floor(int64_t number) const { return down(number) * divisor; }

private:
  int64_t divisor;
  int shift;
};

} // namespace halftone
