#pragma once

#include "cli/Machine.h"
#include "cli/SampledCheck.h"
#include "codegen/Compile.h"
#include "runtime/Kernel.h"

namespace halftone::cli {

/// A kernel ready to launch, and how long it took to become one.
struct Ready {
  Kernel kernel;
  double compileMs = 0, loadMs = 0; ///< loading includes planning
};
Result<Ready> prepare(const Problem &problem, const Schedule &schedule, const Place &place,
                      const CompileOptions &options);

struct Measured {
  Outputs outputs;
  std::vector<double> milliseconds; ///< of each timed launch, fastest first
  double cpuMilliseconds = 0;       ///< of this process's processors, for a timed launch; the mean

  double median() const { return milliseconds[milliseconds.size() / 2]; }
};

/// Random q, k and v of a problem's sizes.
Inputs randomInputs(const Problem &problem, AxisOrder order, uint64_t seed);

/// Launches once to warm up and `repeats` times timed, copies to and from a GPU not counted. The
/// outputs are those of the last launch; they are poisoned before it, so that an element that was
/// not written shows.
Result<Measured> execute(const Kernel &kernel, const Place &place, const Inputs &inputs,
                         int repeats);

/// TFLOP/s of `pairs` kept (query, key) pairs: a multiplication and an addition for each element of
/// the head dimension, in both products.
double teraflops(int64_t pairs, int64_t headDim, double milliseconds);

} // namespace halftone::cli
