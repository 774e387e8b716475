#pragma once

#include "dsl/Problem.h"

#include <vector>

namespace halftone {

/// Values close to a normal distribution, by position in a tensor, so that a tensor of gigabytes
/// needs no copy on the host: a block of them, repeated. Its length is odd, so that the rows of two
/// heads are not alike.
class RandomValues {
public:
  RandomValues(Element element, uint64_t seed);
  /// The value at a position, as the element type holds it.
  double at(int64_t position) const { return values[size_t(position) % values.size()]; }
  /// Writes elements [begin, begin + count) as they lie in memory.
  void write(int64_t begin, int64_t count, char *to) const;
  double greatestMagnitude() const { return greatest; }

private:
  int64_t elementSize;
  std::vector<char> bytes;
  std::vector<double> values;
  double greatest = 0;
};

} // namespace halftone
