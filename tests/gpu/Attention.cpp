#include "tests/gpu/Attention.h"

#include "dsl/Elements.h"

#include <algorithm>
#include <cmath>

namespace halftone::test {
namespace {

constexpr uint16_t unused = 0xffff;

/// Visits every (batch, token, head).
template <typename Visit>
void visit(int64_t batches, int64_t tokens, int64_t heads, const Visit &each) {
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t token = 0; token < tokens; ++token)
        each(batch, token, head);
}

} // namespace

double Attention::element(uint16_t bits) const {
  return loadElement(problem.shape().element, reinterpret_cast<const char *>(&bits), 0);
}

uint16_t Attention::bits(double value) const {
  uint16_t stored = 0;
  storeElement(problem.shape().element, reinterpret_cast<char *>(&stored), 0, float(value));
  return stored;
}

Attention::Attention(Problem given, MemoryOrder order, uint64_t seed)
    : problem(std::move(given)), memory(placeTensors(problem, order)) {
  for (int64_t elements : memory.bufferElements)
    buffers.emplace_back(size_t(elements), unused);
  RandomNumbers random(seed);
  const AttentionShape &shape = problem.shape();
  auto fill = [&](const TensorPlace &place, int64_t tokens, int64_t heads,
                  std::vector<double> &packed) {
    visit(shape.batch, tokens, heads, [&](int64_t batch, int64_t token, int64_t head) {
      for (int64_t d = 0; d < shape.headDim; ++d) {
        // The sum of three uniform numbers: near enough to normal, of variance 1.
        uint16_t stored = bits(random.real() + random.real() + random.real());
        buffers[size_t(place.buffer)][size_t(place.at(batch, token, head) + d)] = stored;
        packed.push_back(element(stored));
      }
    });
  };
  fill(memory.q, queries(), shape.heads, q);
  fill(memory.k, keys(), problem.kvHeads(), k);
  fill(memory.v, keys(), problem.kvHeads(), v);
}

void Attention::solve() { right = reference(problem, {q, k, v}); }

double Attention::tolerance() const { return 2 * sixteenBitError() + 1e-5; }

double Attention::sixteenBitError() const {
  const AttentionShape &shape = problem.shape();
  auto round = [&](double value) { return element(bits(value)); };
  PatternWalk walk(problem.pattern(), problem.query(), problem.key());
  int64_t dim = shape.headDim, group = shape.heads / problem.kvHeads();
  double worst = 0;
  size_t row = 0;
  visit(shape.batch, queries(), shape.heads, [&](int64_t batch, int64_t query, int64_t head) {
    int64_t kvRow = (batch * problem.kvHeads() + head / group) * keys();
    std::vector<double> scaled(size_t(dim), 0.0);
    for (size_t d = 0; d < scaled.size(); ++d)
      scaled[d] = round(q[row * scaled.size() + d] * problem.scale());
    std::vector<std::pair<int64_t, double>> scores;
    double most = -INFINITY, sum = 0;
    for (int64_t key = 0; key < keys(); ++key) {
      if (!walk.keeps(batch, head, query, key))
        continue;
      double score = 0;
      for (int64_t d = 0; d < dim; ++d)
        score += scaled[size_t(d)] * k[size_t((kvRow + key) * dim + d)];
      score = round(score);
      if (std::optional<double> cap = problem.softcap())
        score = round(round(std::tanh(round(score / *cap))) * *cap);
      for (const Bias &bias : problem.biases()) {
        double coefficient = bias.coefficients[bias.coefficients.size() == 1 ? 0 : size_t(head)];
        score = round(score + coefficient * double(walk.value(*bias.distance.node(), batch, head,
                                                              query, key)));
      }
      scores.emplace_back(key, score);
      most = std::max(most, score);
    }
    for (auto [key, score] : scores)
      sum += std::exp(score - most);
    std::vector<double> output(size_t(dim), 0.0);
    for (auto [key, score] : scores)
      for (int64_t d = 0; d < dim; ++d)
        output[size_t(d)] +=
            round(std::exp(score - most) / sum) * v[size_t((kvRow + key) * dim + d)];
    for (int64_t d = 0; d < dim; ++d)
      worst = std::max(
          worst, std::abs(round(output[size_t(d)]) - right.output[row * size_t(dim) + size_t(d)]));
    ++row;
  });
  return worst;
}

Errors errorsOf(const Attention &attention, const Outcome &outcome) {
  const Problem &problem = attention.problem;
  const AttentionShape &shape = problem.shape();
  const TensorPlace &place = attention.memory.o;
  const std::vector<uint16_t> &buffer = outcome.buffers[size_t(place.buffer)];
  Errors errors;
  size_t row = 0;
  visit(shape.batch, attention.queries(), shape.heads,
        [&](int64_t batch, int64_t query, int64_t head) {
          bool empty = std::isinf(attention.right.lse[row]);
          for (int64_t d = 0; d < shape.headDim; ++d) {
            double value = attention.element(buffer[size_t(place.at(batch, query, head) + d)]);
            double wanted = attention.right.output[row * size_t(shape.headDim) + size_t(d)];
            double error = std::abs(value - wanted);
            errors.output = std::isnan(error) || (empty && value != 0)
                                ? INFINITY
                                : std::max(errors.output, error);
          }
          if (shape.lse) {
            double value = outcome.lse[row], wanted = attention.right.lse[row];
            double error = empty ? (value == wanted ? 0 : INFINITY)
                                 : std::abs(value - wanted) / std::max(1.0, std::abs(wanted) / 100);
            errors.lse = std::isnan(error) ? INFINITY : std::max(errors.lse, error);
          }
          ++row;
        });
  return errors;
}

Errors checkOutcome(const Attention &attention, const Outcome &outcome, double tolerance) {
  Errors errors = errorsOf(attention, outcome);
  CHECK(errors.output <= tolerance);
  CHECK(errors.lse <= 1e-3);
  CHECK(outcome.guardsIntact);
  CHECK(outcome.restIntact);
  return errors;
}

Outcome checkKernel(const Attention &attention, const Kernel &kernel, const Device &device) {
  Outcome outcome = GpuAttention(attention, device).run(kernel);
  checkOutcome(attention, outcome, attention.tolerance());
  return outcome;
}

Outcome checkOnGpu(const Attention &attention, const Device &device) {
  return checkKernel(attention, compiled(attention.problem, device), device);
}

} // namespace halftone::test
