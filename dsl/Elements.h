#pragma once

#include "dsl/Problem.h"

#include <bit>
#include <cstring>

namespace halftone {

/// One element of an array of `element`s, as a float: exact for all three types.
inline float loadElement(Element element, const char *data, size_t index) {
  if (element == Element::F32) {
    float value;
    std::memcpy(&value, data + 4 * index, 4);
    return value;
  }
  if (element == Element::BF16) {
    uint16_t high;
    std::memcpy(&high, data + 2 * index, 2);
    return std::bit_cast<float>(uint32_t(high) << 16);
  }
  _Float16 value;
  std::memcpy(&value, data + 2 * index, 2);
  return float(value);
}

/// Stores a float, rounded to nearest with ties to even.
inline void storeElement(Element element, char *data, size_t index, float value) {
  if (element == Element::F32) {
    std::memcpy(data + 4 * index, &value, 4);
    return;
  }
  if (element == Element::BF16) {
    uint32_t bits = std::bit_cast<uint32_t>(value);
    // A NaN keeps its sign and stays one even when all its bits are in the lower half.
    uint16_t high = value != value ? uint16_t(bits >> 16 | 0x40)
                                   : uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    std::memcpy(data + 2 * index, &high, 2);
    return;
  }
  _Float16 half = static_cast<_Float16>(value);
  std::memcpy(data + 2 * index, &half, 2);
}

} // namespace halftone
