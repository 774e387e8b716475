#pragma once

#include "tests/RandomProblem.h"
#include "tests/gpu/GpuTest.h"

#include "dsl/Reference.h"

namespace halftone::test {

/// A problem in 16 bits with random inputs, on the host: its buffers as they lie in memory, the
/// inputs as doubles, and the right answer.
struct Attention {
  Attention(Problem problem, MemoryOrder order, uint64_t seed);

  Problem problem;
  ProblemMemory memory;
  /// 16-bit values; what belongs to no tensor, and o, is all ones: a NaN.
  std::vector<std::vector<uint16_t>> buffers;
  std::vector<double> q, k, v; ///< packed, as ReferenceTensors wants them
  ReferenceResult right;

  double element(uint16_t bits) const;
  uint16_t bits(double value) const;
  int64_t queries() const { return problem.query().tokenCount(); }
  int64_t keys() const { return problem.key().tokenCount(); }

  /// Makes the right answer; slow.
  void solve();
  /// The error that a kernel may make; slow. Twice the largest one of the same attention computed
  /// step by step in 16 bits, each step rounded, as plain PyTorch does: FlashAttention's measure.
  double tolerance() const;

private:
  double sixteenBitError() const;
};

/// The rows of k and v in memory that nothing attends to become NaNs; their number. The inputs that
/// solve() reads stay as they are.
int64_t poison(Attention &attention);

/// What a kernel made of an Attention.
struct Outcome {
  std::vector<std::vector<uint16_t>> buffers;
  std::vector<float> lse;
  bool guardsIntact = false;
  /// Whether nothing but the rows of o changed, inputs and gaps between rows included.
  bool restIntact = false;

  bool operator==(const Outcome &other) const = default;
};

/// An Attention's buffers on the GPU, each between guards.
class GpuAttention {
public:
  GpuAttention(const Attention &attention, const Device &device);
  ~GpuAttention();
  GpuAttention(const GpuAttention &) = delete;
  GpuAttention &operator=(const GpuAttention &) = delete;

  /// Puts the host's buffers, and a NaN in every output, on the GPU.
  void upload();
  Status launch(const Kernel &kernel, void *stream = nullptr) const;
  Outcome download() const;
  /// upload, launch, wait, download.
  Outcome run(const Kernel &kernel);

private:
  struct Guarded {
    char *memory = nullptr; ///< guard, content, guard
    size_t bytes = 0;
  };
  TensorView view(const TensorPlace &place) const;

  const Attention &attention;
  Device device;
  std::vector<Guarded> guarded; ///< the buffers, then lse
};

/// The largest error of an outcome against the right answer; infinite where there is a NaN, or a
/// row without keys is not exactly 0 and -infinity.
struct Errors {
  double output = 0, lse = 0;
};
Errors errorsOf(const Attention &attention, const Outcome &outcome);

/// Checks the tolerance, the log-sum-exp, and that nothing else was written.
Errors checkOutcome(const Attention &attention, const Outcome &outcome, double tolerance);
/// Compiles, runs, and checks the tolerance, the log-sum-exp, and that nothing else was written.
Outcome checkOnGpu(const Attention &attention, const Device &device);
/// The same for a kernel at hand.
Outcome checkKernel(const Attention &attention, const Kernel &kernel, const Device &device);

} // namespace halftone::test
