#include "cli/SampledCheck.h"

#include "dsl/Elements.h"
#include "dsl/Reference.h"
#include "dsl/SingleHead.h"

#include <fmt/format.h>
#include <llvm/Support/Parallel.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace halftone::cli {
namespace {

/// The relative error that one rounding of an element makes; for f32, whose result is as exact as
/// the exponential and the sums are, what those leave.
double unitRoundoff(Element element) {
  switch (element) {
  case Element::BF16:
    return 0x1p-8;
  case Element::F16:
    return 0x1p-11;
  case Element::F32:
    return 1e-5;
  }
  return 0;
}

/// What one row is off by.
struct RowError {
  double output = 0, squares = 0, referenceSquares = 0, lse = 0;
  bool wrong = false; ///< not a number, or not 0 and -infinity for a row with no key
};

RowError compareRow(const ReferenceRow &expected, const HostTensor &o, size_t at, float lse) {
  RowError error;
  for (size_t depth = 0; depth < expected.output.size(); ++depth) {
    double actual = loadElement(o.element, o.bytes.data(), at + depth);
    double difference = std::fabs(actual - expected.output[depth]);
    error.wrong |= !std::isfinite(difference);
    error.output = std::max(error.output, difference);
    error.squares += difference * difference;
    error.referenceSquares += expected.output[depth] * expected.output[depth];
  }
  if (std::isinf(expected.lse)) {
    error.wrong |= !(lse == expected.lse) || error.output != 0;
    return error;
  }
  error.lse = std::fabs(double(lse) - expected.lse);
  error.wrong |= !std::isfinite(error.lse);
  return error;
}

/// Checks the sampled rows of one head, and adds what it finds to `report`.
void checkHead(const Problem &problem, const Inputs &inputs, const Outputs &outputs, int64_t batch,
               int64_t head, const std::vector<int64_t> &rows, CheckReport &report) {
  int64_t kvHead = head / (problem.shape().heads / problem.kvHeads());
  std::vector<double> q = inputs.q.head(batch, head), k = inputs.k.head(batch, kvHead),
                      v = inputs.v.head(batch, kvHead);
  Problem single = singleHead(problem, batch, head);
  ReferenceTensors tensors{q, k, v};

  std::vector<RowError> errors(rows.size());
  llvm::parallelFor(0, rows.size(), [&](size_t i) {
    ReferenceRow expected = referenceRow(single, tensors, 0, 0, rows[i]);
    size_t lseAt = size_t((batch * problem.shape().heads + head) * problem.query().tokenCount());
    errors[i] = compareRow(expected, outputs.o, outputs.o.index(batch, rows[i], head),
                           outputs.lse[lseAt + size_t(rows[i])]);
  });

  // Probabilities and outputs are each rounded once, and a rounded probability weighs a value.
  double roundoff = unitRoundoff(problem.shape().element);
  double outputLimit = 2 * roundoff * inputs.v.greatestMagnitude(batch, kvHead) + 1e-5;
  double squares = 0, referenceSquares = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const RowError &error = errors[i];
    if (error.output >= report.outputError) {
      report.outputError = error.output;
      report.outputLimit = outputLimit;
    }
    report.lseError = std::max(report.lseError, error.lse);
    squares += error.squares;
    referenceSquares += error.referenceSquares;
    if (report.failure.empty() &&
        (error.wrong || !(error.output <= outputLimit) || !(error.lse <= report.lseLimit)))
      report.failure =
          fmt::format("batch {}, head {}, query {}: the output is off by {:.3g} (limit {:.3g}), "
                      "the log-sum-exp "
                      "by {:.3g} (limit {:.3g}){}",
                      batch, head, rows[i], error.output, outputLimit, error.lse, report.lseLimit,
                      error.wrong ? ", and a value is not what a row may have" : "");
  }
  double relative = referenceSquares > 0 ? std::sqrt(squares / referenceSquares) : 0;
  report.relativeError = std::max(report.relativeError, relative);
  if (report.failure.empty() && !(relative <= report.relativeLimit))
    report.failure =
        fmt::format("batch {}, head {}: the output is off by {:.3g} of its size (limit "
                    "{:.3g}), root mean square over {} rows",
                    batch, head, relative, report.relativeLimit, rows.size());
}

} // namespace

std::vector<int64_t> spreadSample(int64_t total, int64_t count, uint64_t seed) {
  std::vector<int64_t> sample;
  if (count >= total) {
    for (int64_t i = 0; i < total; ++i)
      sample.push_back(i);
    return sample;
  }
  // One from each of `count` equal pieces, so that no stretch of the sequence goes unseen.
  std::mt19937_64 engine(seed);
  for (int64_t i = 0; i < count; ++i) {
    int64_t begin = i * total / count, end = (i + 1) * total / count;
    sample.push_back(i == 0           ? 0
                     : i == count - 1 ? total - 1
                                      : begin + int64_t(engine() % uint64_t(end - begin)));
  }
  return sample;
}

CheckReport checkSample(const Problem &problem, const Inputs &inputs, const Outputs &outputs,
                        const CheckOptions &options) {
  CheckReport report;
  // Of random inputs the errors average out; where large values cancel they need not, so the limit
  // leaves room: a wrong mask is off by a good part of 1.
  report.relativeLimit = 4 * unitRoundoff(problem.shape().element);
  report.lseLimit = 1e-3;
  int64_t heads = problem.shape().heads;
  for (int64_t which : spreadSample(problem.shape().batch * heads, options.heads, options.seed)) {
    std::vector<int64_t> rows =
        spreadSample(problem.query().tokenCount(), options.rows, options.seed + uint64_t(which));
    checkHead(problem, inputs, outputs, which / heads, which % heads, rows, report);
    report.rows += int64_t(rows.size());
    ++report.heads;
  }
  return report;
}

} // namespace halftone::cli
