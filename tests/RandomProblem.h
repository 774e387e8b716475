#pragma once

#include "dsl/Problem.h"

#include <vector>

namespace halftone::test {

/// Numbers from a seed, the same on every machine (splitmix64).
class RandomNumbers {
public:
  explicit RandomNumbers(uint64_t seed) : state(seed) {}
  uint64_t next();
  /// low .. high, both included.
  int64_t between(int64_t low, int64_t high);
  bool oneIn(int64_t count) { return between(1, count) == 1; }
  /// Uniform in [-1, 1).
  double real();
  template <typename T> T pick(std::initializer_list<T> choices) {
    return choices.begin()[between(0, int64_t(choices.size()) - 1)];
  }

private:
  uint64_t state;
};

/// How the tensors of a problem lie in memory.
enum class MemoryOrder : uint8_t {
  TokenMajor, ///< [batch, token, head, headDim]
  HeadMajor,  ///< [batch, head, token, headDim]
  FusedQkv,   ///< q, k and v are views of one [batch, token, heads + 2 kvHeads, headDim]; o
              ///< TokenMajor
};

/// Where a tensor lies: in one of the buffers, at an offset, with strides; all in elements.
struct TensorPlace {
  int buffer = 0;
  int64_t offset = 0, batchStride = 0, tokenStride = 0, headStride = 0;
  int64_t at(int64_t batch, int64_t token, int64_t head) const {
    return offset + batch * batchStride + token * tokenStride + head * headStride;
  }
};
struct ProblemMemory {
  std::vector<int64_t> bufferElements;
  TensorPlace q, k, v, o;
};
ProblemMemory placeTensors(const Problem &problem, MemoryOrder order);

/// A problem drawn at random: layouts, patterns and compositions, head dims, groups, tails, rows
/// that keep nothing, memory orders. It checks, keeps at least one pair, and is small enough for
/// the fp64 reference of all of it.
struct RandomProblem {
  uint64_t seed = 0;
  Problem problem;
  MemoryOrder order = MemoryOrder::TokenMajor;

  /// `forGpu`: the head dims of the GPU targets only.
  static RandomProblem make(uint64_t seed, Element element, bool forGpu);
  /// "seed 7, head major: attention query=..."
  std::string text() const;
};

} // namespace halftone::test
