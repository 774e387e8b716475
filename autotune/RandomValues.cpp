#include "autotune/RandomValues.h"

#include "dsl/Elements.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace halftone {

namespace {

constexpr size_t blockLength = (size_t{1} << 20) - 31;

} // namespace

RandomValues::RandomValues(Element element, uint64_t seed)
    : elementSize(elementBytes(element)), bytes(blockLength * size_t(elementSize)),
      values(blockLength) {
  std::mt19937_64 random(seed);
  for (size_t i = 0; i < blockLength; ++i) {
    // The sum of four uniform numbers of 16 bits: mean 0, deviation 1.
    uint64_t bits = random();
    int64_t sum = 0;
    for (int part = 0; part < 4; ++part)
      sum += int64_t(bits >> (16 * part) & 0xffff);
    double value = double(sum - 2 * 0xffff) / (0x10000 * std::sqrt(4.0 / 12));
    storeElement(element, bytes.data(), i, float(value));
    values[i] = loadElement(element, bytes.data(), i);
    greatest = std::max(greatest, std::fabs(values[i]));
  }
}

void RandomValues::write(int64_t begin, int64_t count, char *to) const {
  auto length = int64_t(values.size());
  for (int64_t done = 0; done < count;) {
    int64_t from = (begin + done) % length, piece = std::min(count - done, length - from);
    std::memcpy(to + done * elementSize, bytes.data() + from * elementSize,
                size_t(piece * elementSize));
    done += piece;
  }
}

} // namespace halftone
