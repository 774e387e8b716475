#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace halftone {

/// A decimal number >= 0, exactly: numerator / denominator in lowest terms, the denominator a
/// product of twos and fives. 0.2 is 1/5, never its binary approximation.
struct Decimal {
  int64_t numerator = 0;
  int64_t denominator = 1;

  /// Reads "12", "0.2", "1e-3": nothing if `text` is no such number, or has more digits than 64
  /// bits or more than 18 decimal places hold.
  static std::optional<Decimal> parse(std::string_view text);
  /// The shortest decimal that reads as `value`; nothing for a negative, infinite or NaN value, or
  /// one out of range as above.
  static std::optional<Decimal> fromDouble(double value);

  /// "12", "0.2", "0.001"
  std::string text() const;
};

/// The shortest text that reads back to the same value: "0.2", "1e-05", "nan".
std::string shortestText(double value);
std::string shortestText(float value);

} // namespace halftone
