#pragma once

#include "runtime/Kernel.h"

namespace halftone::bench {

struct TimingPlan {
  double warmUpSeconds = 0.2, seconds = 0.35;
};

struct Timing {
  double medianMs = 0, fastestMs = 0, slowestMs = 0; ///< of one launch
  int samples = 0, launchesPerSample = 0;
};

/// Device memory for the tensors of a problem: inputs normally distributed, as the clocks of a GPU
/// depend on what it computes.
class BenchTensors {
public:
  static Result<BenchTensors> make(const Problem &problem, const Device &device);
  BenchTensors(BenchTensors &&other) noexcept;
  BenchTensors &operator=(BenchTensors &&other) = delete;
  ~BenchTensors();

  Status launch(const Kernel &kernel, void *stream) const;

private:
  BenchTensors(Problem problem, Device device)
      : problem(std::move(problem)), device(std::move(device)) {}
  Problem problem;
  Device device;
  void *q = nullptr, *k = nullptr, *v = nullptr, *o = nullptr, *lse = nullptr;
};

/// Launches back to back, first to warm up, then timed by events in samples of at least 2 ms.
Result<Timing> sustainedTime(const Kernel &kernel, const BenchTensors &tensors,
                             const Device &device, const TimingPlan &plan);

} // namespace halftone::bench
