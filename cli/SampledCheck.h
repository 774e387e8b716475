#pragma once

#include "cli/HostTensor.h"

namespace halftone::cli {

/// What a kernel was given and what it made of it, in host memory.
struct Inputs {
  HostTensor q, k, v;
};
struct Outputs {
  HostTensor o;
  std::vector<float> lse; ///< [batch][head][token]
};

struct CheckOptions {
  int64_t rows = 256; ///< of a head
  int64_t heads = 4;  ///< of all heads of all batch elements
  uint64_t seed = 1;
};

/// Errors of the sampled rows against the fp64 reference, and the limits they are held to. The
/// output's limits come from the rounding of the element type; the log-sum-exp is the sharper
/// witness that the right keys were attended to, since a dropped or an extra key moves it at once.
struct CheckReport {
  int64_t rows = 0, heads = 0;
  double outputError = 0, outputLimit = 0;     ///< greatest absolute difference, and for that head
  double relativeError = 0, relativeLimit = 0; ///< root mean square of it over that of the output
  double lseError = 0, lseLimit = 0;
  std::string failure; ///< the first row that failed; empty when all matched

  bool passed() const { return failure.empty(); }
};

/// Compares sampled rows with the reference, on all threads.
CheckReport checkSample(const Problem &problem, const Inputs &inputs, const Outputs &outputs,
                        const CheckOptions &options);

/// `count` of the numbers 0 .. total-1, spread evenly with some chance, the first and last among
/// them; all of them where there are no more.
std::vector<int64_t> spreadSample(int64_t total, int64_t count, uint64_t seed);

} // namespace halftone::cli
