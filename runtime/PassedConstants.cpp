#include "runtime/PassedConstants.h"

#include <algorithm>
#include <bit>

namespace halftone {

/// Granlund and Montgomery, "Division by Invariant Integers using Multiplication" (PLDI 1994),
/// theorem 4.2 for dividends of 31 bits: with 2^shift >= d and m the least number above
/// 2^(31 + shift) / d, m d - 2^(31 + shift) is at most 2^shift, so that m n >> (31 + shift) is
/// n / d; and m has 32 bits.
ConstantArgument constantArgument(int64_t value) {
  if (value < 1 || value > INT32_MAX)
    return {.value = value, .multiplier = 0, .shift = 0};
  auto shift = uint32_t(std::bit_width(uint64_t(value - 1)));
  return {.value = value,
          .multiplier = uint32_t((uint64_t{1} << (31 + shift)) / uint64_t(value) + 1),
          .shift = shift};
}

void passConstants(std::span<const int64_t> constants, KernelArguments &arguments) {
  auto passed = constants.first(std::min<size_t>(constants.size(), passedConstants));
  auto rest = std::transform(passed.begin(), passed.end(), arguments.constant, constantArgument);
  std::fill(rest, std::end(arguments.constant), ConstantArgument{});
}

} // namespace halftone
