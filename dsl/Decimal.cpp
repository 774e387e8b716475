#include "dsl/Decimal.h"

#include <charconv>
#include <cmath>
#include <numeric>

namespace halftone {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// value * 10 + digit, or false when 64 bits do not hold it.
bool appendDigit(int64_t &value, int digit) {
  return !__builtin_mul_overflow(value, int64_t{10}, &value) &&
         !__builtin_add_overflow(value, int64_t{digit}, &value);
}

template <typename Float> std::string shortest(Float value) {
  char buffer[64];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return {buffer, end};
}

} // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  int64_t digits = 0, places = 0;
  // Zeros at the end of the fraction are held back until another digit follows: 0.5000... is 0.5.
  int64_t heldZeros = 0;
  bool any = false;
  size_t i = 0;
  for (; i < text.size() && isDigit(text[i]); ++i, any = true)
    if (!appendDigit(digits, text[i] - '0'))
      return {};
  if (any && i < text.size() && text[i] == '.') {
    ++i;
    if (i == text.size() || !isDigit(text[i]))
      return {};
    for (; i < text.size() && isDigit(text[i]); ++i) {
      if (text[i] == '0') {
        ++heldZeros;
        continue;
      }
      for (; heldZeros > 0; --heldZeros, ++places)
        if (!appendDigit(digits, 0) || places > 400)
          return {};
      if (!appendDigit(digits, text[i] - '0'))
        return {};
      ++places;
    }
  }
  if (!any)
    return {};
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    bool negative = i < text.size() && text[i] == '-';
    if (i < text.size() && (text[i] == '-' || text[i] == '+'))
      ++i;
    int64_t exponent = 0;
    size_t first = i;
    for (; i < text.size() && isDigit(text[i]); ++i)
      exponent = exponent > 1000 ? exponent : exponent * 10 + (text[i] - '0');
    if (i == first)
      return {};
    places += negative ? exponent : -exponent;
  }
  if (i != text.size())
    return {};
  if (digits == 0)
    return Decimal{};
  for (; places > 0 && digits % 10 == 0; --places)
    digits /= 10;
  for (; places < 0; ++places)
    if (!appendDigit(digits, 0))
      return {};
  if (places > 18)
    return {};
  int64_t denominator = 1;
  for (; places > 0; --places)
    denominator *= 10;
  int64_t divisor = std::gcd(digits, denominator);
  return Decimal{digits / divisor, denominator / divisor};
}

std::optional<Decimal> Decimal::fromDouble(double value) {
  if (!std::isfinite(value) || value < 0)
    return {};
  return parse(shortestText(value == 0 ? 0.0 : value));
}

std::string Decimal::text() const {
  std::string result = std::to_string(numerator / denominator);
  __int128 rest = numerator % denominator;
  if (rest != 0)
    result += '.';
  for (int places = 0; rest != 0 && places < 64; ++places) {
    rest *= 10;
    result += char('0' + int(rest / denominator));
    rest %= denominator;
  }
  return result;
}

std::string shortestText(double value) { return shortest(value); }
std::string shortestText(float value) { return shortest(value); }

} // namespace halftone
