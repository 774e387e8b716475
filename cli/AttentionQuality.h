#pragma once

#include "cli/ProblemOptions.h"
#include "cli/SampledCheck.h"

#include <span>

namespace halftone::cli {

/// What a pattern keeps of the attention that its problem without the pattern has, in one head. The
/// mass of a pair is its probability there, softmax over all keys, so that a query's pairs have a
/// mass of 1; sums are means over the sampled queries.
struct HeadQuality {
  int64_t batch = 0, head = 0;
  double keptMass = 0;
  /// At each distance between frames, 0 and up: all of the mass there, and what is kept of it. Text
  /// is at no distance. Empty for a layout that is not a video of several frames.
  std::vector<double> massAt, keptAt;
  /// Of the output against the dense output: root mean square of the difference over that of the
  /// dense output, and the greatest difference of an element.
  double relativeError = 0, greatestError = 0;
};

/// The same of all sampled heads: means, and the greatest of the greatest.
struct Quality {
  std::vector<HeadQuality> heads;
  int64_t rows = 0; ///< sampled queries of a head

  double keptMass() const;
  double relativeError() const;
  double greatestError() const;
  /// What is kept of the mass at each distance between frames, a part of it; 0 where there is none.
  std::vector<double> keptShareAt() const;
};

/// In fp64, for each of the problems, which differ in their patterns only and have no bias. Samples
/// rows and heads as checkSample does.
std::vector<Quality> attentionQuality(std::span<const ChosenProblem> problems, const Inputs &inputs,
                                      const CheckOptions &sample);

} // namespace halftone::cli
