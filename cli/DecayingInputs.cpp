#include "cli/DecayingInputs.h"

#include "cli/Execution.h"
#include "dsl/Elements.h"

#include <llvm/Support/Parallel.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace halftone::cli {
namespace {

constexpr double noise = 0.5;

/// Pairs (cos wx, sin wx) whose product with those of y is about exp(-|x - y| / reach): the
/// frequencies are quantiles of the Cauchy distribution, the Fourier transform of that kernel
/// (Rahimi and Recht, Random Features for Large-Scale Kernel Machines, 2007).
struct Feature {
  Coordinate coordinate;
  double reach;
  int64_t pairs;

  /// Adds the features of one token, of squared length `strength`, to `out`.
  void add(double position, double strength, double *out) const {
    double size = std::sqrt(strength / double(pairs));
    for (int64_t pair = 0; pair < pairs; ++pair) {
      double quantile = double(2 * pair + 1) / double(4 * pairs);
      double angle = std::tan(std::numbers::pi * quantile) * position / reach;
      out[2 * pair] += size * std::cos(angle);
      out[2 * pair + 1] += size * std::sin(angle);
    }
  }
};

/// Half of the head's pairs tell frames apart, the rest rows and columns.
std::vector<Feature> featuresOf(const Layout &layout, int64_t headDim) {
  int64_t pairs = headDim / 2;
  int64_t rows = std::max<int64_t>(pairs / 4, 1), columns = rows;
  return {{Coordinate::Frame, 1.5, pairs - rows - columns},
          {Coordinate::Row, std::max(1.0, double(layout.height()) / 8), rows},
          {Coordinate::Column, std::max(1.0, double(layout.width()) / 8), columns}};
}

/// Adds features to a tensor of noise, of which `group` heads share those of a key head.
void addFeatures(HostTensor &tensor, const Layout &layout, double scale, int64_t group) {
  std::vector<Feature> features = featuresOf(layout, tensor.headDim);
  llvm::parallelFor(0, size_t(tensor.tokens), [&](size_t index) {
    auto token = int64_t(index);
    bool isText = layout.coordinate(Coordinate::IsText, token) != 0;
    for (int64_t batch = 0; batch < tensor.batch; ++batch)
      for (int64_t head = 0; head < tensor.heads; ++head) {
        int64_t keyHead = head / group, lastKeyHead = tensor.heads / group - 1;
        double spatial = lastKeyHead == 0 ? 0.5 : double(keyHead) / double(lastKeyHead);
        double inFrame = (9 - 6 * spatial) / 2;
        double strengths[] = {3 + 6 * spatial, inFrame, inFrame};
        std::vector<double> values(static_cast<size_t>(tensor.headDim));
        double *out = values.data();
        for (size_t f = 0; !isText && f < features.size(); ++f) {
          features[f].add(double(layout.coordinate(features[f].coordinate, token)),
                          strengths[f] / scale, out);
          out += 2 * features[f].pairs;
        }
        size_t at = tensor.index(batch, token, head);
        for (int64_t d = 0; d < tensor.headDim; ++d) {
          float random = loadElement(tensor.element, tensor.bytes.data(), at + size_t(d));
          storeElement(tensor.element, tensor.bytes.data(), at + size_t(d),
                       float(noise * random + values[size_t(d)]));
        }
      }
  });
}

} // namespace

Inputs decayingInputs(const Problem &problem, AxisOrder order, uint64_t seed) {
  Inputs inputs = randomInputs(problem, order, seed);
  double scale =
      problem.scale() > 0 ? problem.scale() : 1 / std::sqrt(double(problem.shape().headDim));
  addFeatures(inputs.q, problem.query(), scale, problem.shape().heads / problem.kvHeads());
  addFeatures(inputs.k, problem.key(), scale, 1);
  return inputs;
}

} // namespace halftone::cli
