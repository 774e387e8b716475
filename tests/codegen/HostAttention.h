#pragma once

#include "tests/RandomProblem.h"

#include "dsl/Reference.h"
#include "runtime/Kernel.h"

namespace halftone::test {

/// A problem with random inputs in its own element type, on the host: its buffers as they lie in
/// memory, the inputs as doubles, and how to run it.
class HostAttention {
public:
  HostAttention(Problem problem, MemoryOrder order, uint64_t seed);

  /// Compiles for the CPU with `schedule` and plans.
  Result<Kernel> compiled(const Schedule &schedule, unsigned threads = 1) const;
  Result<Kernel> compiled() const;

  /// Plants a NaN in every key and value row that no query attends to; returns how many rows.
  int64_t poisonUnattended();

  /// What a kernel made of it: o's buffer and the log-sum-exp, both NaN before.
  struct Outcome {
    std::vector<char> output;
    std::vector<float> lse;
    bool operator==(const Outcome &other) const;
  };
  Outcome run(const Kernel &kernel) const;

  /// How far an outcome is from the right answer, in units of what the element type allows: at most
  /// 1 is right. Infinite where there is a NaN, or a row without keys is not exactly 0 and
  /// -infinity.
  double error(const Outcome &outcome, const ReferenceResult &right) const;
  ReferenceResult solve() const { return reference(problem, {q, k, v}); }

  Problem problem;
  ProblemMemory memory;
  std::vector<std::vector<char>> buffers;
  std::vector<double> q, k, v; ///< packed, as ReferenceTensors wants them

private:
  void fill(RandomNumbers &random, const TensorPlace &place, int64_t tokens, int64_t heads,
            std::vector<double> &packed);
  double allowedError(double wanted) const;
};

} // namespace halftone::test
