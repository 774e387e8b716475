#include "dsl/Reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace halftone {
namespace {

/// Where the heads of one row lie in the tensors, and how a pair is scored.
class RowReference {
public:
  RowReference(const Problem &problem, const ReferenceTensors &tensors, PatternWalk &walk,
               int64_t batch, int64_t head)
      : problem(problem), walk(walk), batch(batch), head(head), dim(problem.shape().headDim) {
    const AttentionShape &shape = problem.shape();
    int64_t kvHead = head / (shape.heads / problem.kvHeads());
    int64_t queries = problem.query().tokenCount();
    int64_t keys = problem.key().tokenCount();
    q = tensors.q.subspan((batch * shape.heads + head) * queries * dim, queries * dim);
    k = tensors.k.subspan((batch * problem.kvHeads() + kvHead) * keys * dim, keys * dim);
    v = tensors.v.subspan((batch * problem.kvHeads() + kvHead) * keys * dim, keys * dim);
  }

  ReferenceRow row(int64_t query) {
    std::vector<std::pair<int64_t, double>> scores;
    double largest = -std::numeric_limits<double>::infinity();
    for (int64_t key = 0; key < problem.key().tokenCount(); ++key) {
      if (!walk.keeps(batch, head, query, key))
        continue;
      scores.emplace_back(key, score(query, key));
      largest = std::max(largest, scores.back().second);
    }
    ReferenceRow result;
    result.output.assign(dim, 0.0);
    result.lse = -std::numeric_limits<double>::infinity();
    if (scores.empty())
      return result;
    double sum = 0;
    for (auto [key, score] : scores) {
      double weight = std::exp(score - largest);
      sum += weight;
      for (int64_t d = 0; d < dim; ++d)
        result.output[d] += weight * v[key * dim + d];
    }
    for (double &value : result.output)
      value /= sum;
    result.lse = largest + std::log(sum);
    return result;
  }

private:
  double score(int64_t query, int64_t key) {
    double product = 0;
    for (int64_t d = 0; d < dim; ++d)
      product += q[query * dim + d] * k[key * dim + d];
    double result = problem.scale() * product;
    if (std::optional<double> cap = problem.softcap())
      result = *cap * std::tanh(result / *cap);
    for (const Bias &bias : problem.biases()) {
      const std::vector<float> &coefficients = bias.coefficients;
      double coefficient = coefficients.size() == 1 ? coefficients[0] : coefficients[head];
      result += coefficient * double(walk.value(*bias.distance.node(), batch, head, query, key));
    }
    return result;
  }

  const Problem &problem;
  PatternWalk &walk;
  int64_t batch, head, dim;
  std::span<const double> q, k, v;
};

} // namespace

ReferenceRow referenceRow(const Problem &problem, const ReferenceTensors &tensors, int64_t batch,
                          int64_t head, int64_t queryIndex) {
  PatternWalk walk(problem.pattern(), problem.query(), problem.key());
  return RowReference(problem, tensors, walk, batch, head).row(queryIndex);
}

ReferenceResult reference(const Problem &problem, const ReferenceTensors &tensors) {
  PatternWalk walk(problem.pattern(), problem.query(), problem.key());
  ReferenceResult result;
  for (int64_t batch = 0; batch < problem.shape().batch; ++batch)
    for (int64_t head = 0; head < problem.shape().heads; ++head) {
      RowReference rows(problem, tensors, walk, batch, head);
      for (int64_t query = 0; query < problem.query().tokenCount(); ++query) {
        ReferenceRow row = rows.row(query);
        result.output.insert(result.output.end(), row.output.begin(), row.output.end());
        result.lse.push_back(row.lse);
      }
    }
  return result;
}

} // namespace halftone
