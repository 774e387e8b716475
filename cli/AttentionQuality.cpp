#include "cli/AttentionQuality.h"

#include "dsl/Reference.h"

#include <llvm/Support/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace halftone::cli {
namespace {

/// A pattern's rows of one head, for one thread. A mask of blocks is made once and looked up; any
/// other is evaluated pair by pair.
class HeadMask {
public:
  HeadMask(const ChosenProblem &chosen, int64_t batch, int64_t head)
      : problem(chosen.problem), batch(batch), head(head) {
    const Node &root = *problem.pattern().node();
    if ((root.op == Op::RadialBlocks && root.radial.block == chosen.block) ||
        (root.op == Op::Rounded && root.value == chosen.block))
      blocks = chosen.blockMask(batch, head);
  }

  /// The keys that a query sees, as 0 and 1.
  std::vector<char> row(int64_t query) const {
    std::vector<char> kept(size_t(problem.key().tokenCount()));
    if (blocks) {
      int64_t row = query / blocks->block;
      for (uint32_t i = blocks->rowStart[size_t(row)]; i < blocks->rowStart[size_t(row) + 1]; ++i)
        std::fill(kept.begin() + blocks->runs[i].begin * blocks->block,
                  kept.begin() +
                      std::min<int64_t>(blocks->runs[i].end * blocks->block, int64_t(kept.size())),
                  1);
      return kept;
    }
    PatternWalk walk(problem.pattern(), problem.query(), problem.key());
    for (size_t key = 0; key < kept.size(); ++key)
      kept[key] = walk.keeps(batch, head, query, int64_t(key));
    return kept;
  }

private:
  const Problem &problem;
  int64_t batch, head;
  std::optional<BlockMask> blocks;
};

/// The frame of each key, -1 for text; empty where there are no distances between frames.
std::vector<int64_t> framesOf(const Layout &layout) {
  std::vector<int64_t> frames;
  if (layout.isPacked() || layout.frameCount() < 2)
    return frames;
  for (int64_t token = 0; token < layout.tokenCount(); ++token)
    frames.push_back(token / layout.tokensPerFrame());
  std::fill(frames.end() - layout.textTokens(), frames.end(), -1);
  return frames;
}

/// One head's tensors and what belongs to them, the same for all patterns.
struct HeadTensors {
  HeadTensors(const Problem &problem, const Inputs &inputs, int64_t batch, int64_t head)
      : problem(problem), queryFrames(framesOf(problem.query())),
        keyFrames(framesOf(problem.key())), q(inputs.q.head(batch, head)) {
    int64_t kvHead = head / (problem.shape().heads / problem.kvHeads());
    k = inputs.k.head(batch, kvHead);
    v = inputs.v.head(batch, kvHead);
  }

  std::vector<double> scores(int64_t query) const {
    size_t dim = size_t(problem.shape().headDim);
    std::vector<double> result(k.size() / dim);
    for (size_t key = 0; key < result.size(); ++key) {
      double dot = 0;
      for (size_t d = 0; d < dim; ++d)
        dot += q[size_t(query) * dim + d] * k[key * dim + d];
      result[key] = dot * problem.scale();
      if (problem.softcap())
        result[key] = *problem.softcap() * std::tanh(result[key] / *problem.softcap());
    }
    return result;
  }

  /// Softmax over the kept keys (all of them without `kept`), and the output, which is 0 where no
  /// key is kept.
  std::vector<double> probabilities(const std::vector<double> &scores,
                                    const std::vector<char> *kept) const {
    double most = -std::numeric_limits<double>::infinity(), sum = 0;
    for (size_t key = 0; key < scores.size(); ++key)
      if (!kept || (*kept)[key])
        most = std::max(most, scores[key]);
    std::vector<double> result(scores.size());
    for (size_t key = 0; key < scores.size(); ++key)
      if (!kept || (*kept)[key])
        sum += result[key] = std::exp(scores[key] - most);
    for (double &probability : result)
      if (sum > 0)
        probability /= sum;
    return result;
  }

  std::vector<double> output(const std::vector<double> &probabilities) const {
    size_t dim = size_t(problem.shape().headDim);
    std::vector<double> result(dim);
    for (size_t key = 0; key < probabilities.size(); ++key)
      for (size_t d = 0; probabilities[key] != 0 && d < dim; ++d)
        result[d] += probabilities[key] * v[key * dim + d];
    return result;
  }

  const Problem &problem;
  std::vector<int64_t> queryFrames, keyFrames;
  std::vector<double> q, k, v;
};

/// What one row of one pattern comes to; squares are sums over the output.
struct RowQuality {
  double keptMass = 0, squares = 0, denseSquares = 0, greatest = 0;
  std::vector<double> massAt, keptAt;
};

RowQuality rowQuality(const HeadTensors &head, int64_t query, const std::vector<double> &scores,
                      const std::vector<double> &dense, const std::vector<double> &denseOutput,
                      const std::vector<char> &kept) {
  RowQuality row;
  const std::vector<int64_t> &frames = head.keyFrames;
  if (!frames.empty() && !head.queryFrames.empty()) {
    size_t distances =
        size_t(std::max(head.problem.query().frameCount(), head.problem.key().frameCount()));
    row.massAt.resize(distances);
    row.keptAt.resize(distances);
  }
  int64_t frame = row.massAt.empty() ? -1 : head.queryFrames[size_t(query)];
  for (size_t key = 0; key < dense.size(); ++key) {
    double mass = kept[key] ? dense[key] : 0;
    row.keptMass += mass;
    if (frame < 0 || frames[key] < 0)
      continue;
    size_t distance = size_t(std::abs(frame - frames[key]));
    row.massAt[distance] += dense[key];
    row.keptAt[distance] += mass;
  }
  std::vector<double> output = head.output(head.probabilities(scores, &kept));
  for (size_t d = 0; d < output.size(); ++d) {
    double difference = output[d] - denseOutput[d];
    row.squares += difference * difference;
    row.denseSquares += denseOutput[d] * denseOutput[d];
    row.greatest = std::max(row.greatest, std::fabs(difference));
  }
  return row;
}

HeadQuality joined(const std::vector<RowQuality> &rows) {
  HeadQuality head;
  double squares = 0, denseSquares = 0;
  head.massAt.resize(rows.front().massAt.size());
  head.keptAt.resize(head.massAt.size());
  for (const RowQuality &row : rows) {
    head.keptMass += row.keptMass / double(rows.size());
    squares += row.squares;
    denseSquares += row.denseSquares;
    head.greatestError = std::max(head.greatestError, row.greatest);
    for (size_t distance = 0; distance < head.massAt.size(); ++distance) {
      head.massAt[distance] += row.massAt[distance] / double(rows.size());
      head.keptAt[distance] += row.keptAt[distance] / double(rows.size());
    }
  }
  head.relativeError = denseSquares > 0 ? std::sqrt(squares / denseSquares) : 0;
  return head;
}

template <typename Value> double meanOf(const std::vector<HeadQuality> &heads, const Value &value) {
  double sum = 0;
  for (const HeadQuality &head : heads)
    sum += value(head);
  return heads.empty() ? 0 : sum / double(heads.size());
}

} // namespace

double Quality::keptMass() const {
  return meanOf(heads, [](const HeadQuality &head) { return head.keptMass; });
}

double Quality::relativeError() const {
  return meanOf(heads, [](const HeadQuality &head) { return head.relativeError; });
}

double Quality::greatestError() const {
  double greatest = 0;
  for (const HeadQuality &head : heads)
    greatest = std::max(greatest, head.greatestError);
  return greatest;
}

std::vector<double> Quality::keptShareAt() const {
  std::vector<double> shares(heads.empty() ? 0 : heads.front().massAt.size());
  for (size_t distance = 0; distance < shares.size(); ++distance) {
    double mass = meanOf(heads, [&](const HeadQuality &head) { return head.massAt[distance]; });
    double kept = meanOf(heads, [&](const HeadQuality &head) { return head.keptAt[distance]; });
    shares[distance] = mass > 0 ? kept / mass : 0;
  }
  return shares;
}

std::vector<Quality> attentionQuality(std::span<const ChosenProblem> problems, const Inputs &inputs,
                                      const CheckOptions &sample) {
  std::vector<Quality> qualities(problems.size());
  if (problems.empty())
    return qualities;
  const Problem &first = problems.front().problem;
  int64_t heads = first.shape().heads;
  for (int64_t which : spreadSample(first.shape().batch * heads, sample.heads, sample.seed)) {
    int64_t batch = which / heads, head = which % heads;
    HeadTensors tensors(first, inputs, batch, head);
    std::vector<HeadMask> masks;
    for (const ChosenProblem &chosen : problems)
      masks.emplace_back(chosen, batch, head);
    std::vector<int64_t> queries =
        spreadSample(first.query().tokenCount(), sample.rows, sample.seed + uint64_t(which));
    std::vector<std::vector<RowQuality>> rows(problems.size(),
                                              std::vector<RowQuality>(queries.size()));
    llvm::parallelFor(0, queries.size(), [&](size_t i) {
      std::vector<double> scores = tensors.scores(queries[i]);
      std::vector<double> dense = tensors.probabilities(scores, nullptr);
      std::vector<double> output = tensors.output(dense);
      for (size_t p = 0; p < problems.size(); ++p)
        rows[p][i] =
            rowQuality(tensors, queries[i], scores, dense, output, masks[p].row(queries[i]));
    });
    for (size_t p = 0; p < problems.size(); ++p) {
      HeadQuality quality = joined(rows[p]);
      quality.batch = batch;
      quality.head = head;
      qualities[p].heads.push_back(std::move(quality));
      qualities[p].rows = int64_t(queries.size());
    }
  }
  return qualities;
}

} // namespace halftone::cli
