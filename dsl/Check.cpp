#include "dsl/Problem.h"

#include "dsl/Decimal.h"
#include "dsl/Interval.h"

#include <algorithm>
#include <cmath>

namespace halftone {

namespace {

constexpr int64_t maximumHeads = 65'535;
/// Batch elements times heads: each pair has its own row in plans and grids.
constexpr int64_t maximumBatchHeads = int64_t{1} << 24;

std::string number(int64_t value) { return std::to_string(value); }

/// The divisor of `whole` nearest to `value`.
int64_t nearestDivisor(int64_t whole, int64_t value) {
  value = std::clamp<int64_t>(value, 1, whole);
  int64_t best = 1;
  for (int64_t divisor = 1; divisor <= whole; ++divisor)
    if (whole % divisor == 0 && std::abs(divisor - value) < std::abs(best - value))
      best = divisor;
  return best;
}

Status checkHeads(const Problem &problem) {
  const AttentionShape &shape = problem.shape();
  if (shape.batch < 1)
    return misuse("a batch of " + number(shape.batch), "use a batch of at least 1");
  if (shape.heads < 1)
    return misuse(number(shape.heads) + " heads", "use at least 1 head");
  if (shape.heads > maximumHeads)
    return misuse(number(shape.heads) + " heads", "use at most " + number(maximumHeads) + " heads");
  if (shape.batch > maximumBatchHeads / shape.heads)
    return misuse("a batch of " + number(shape.batch) + " with " + number(shape.heads) + " heads",
                  "use a batch of at most " + number(maximumBatchHeads / shape.heads));
  if (shape.kvHeads < 0 || shape.heads % problem.kvHeads() != 0)
    return misuse(
        number(shape.heads) + " heads cannot share " + number(shape.kvHeads) + " key/value heads",
        "use a key/value head count of " + number(nearestDivisor(shape.heads, shape.kvHeads)) +
            ", or another divisor of " + number(shape.heads));
  return {};
}

Status checkHeadDim(const Problem &problem) {
  int64_t headDim = problem.shape().headDim;
  if (headDim >= 8 && headDim <= 256 && headDim % 8 == 0)
    return {};
  int64_t nearest = headDim < 8 ? 8 : headDim > 256 ? 256 : (headDim + 4) / 8 * 8;
  return misuse("a head dim of " + number(headDim) + " is not a multiple of 8 in 8..256",
                "use " + number(nearest));
}

/// Byte offsets into a tensor must fit 64 bits.
Status checkTensorBytes(const Problem &problem) {
  const AttentionShape &shape = problem.shape();
  int64_t tokens = std::max(problem.query().tokenCount(), problem.key().tokenCount());
  __int128 bytes =
      __int128{tokens} * shape.batch * shape.heads * shape.headDim * elementBytes(shape.element);
  if (bytes <= __int128{1} << 62)
    return {};
  return misuse("a tensor of more than 2^62 bytes", "use fewer tokens, heads or batch elements");
}

Status checkScore(const Problem &problem) {
  if (!std::isfinite(problem.scale()))
    return misuse("a scale of " + shortestText(problem.scale()),
                  "use a finite scale, for example 1/sqrt(head dim) = " +
                      shortestText(1 / std::sqrt(double(problem.shape().headDim))));
  if (std::optional<double> softcap = problem.softcap();
      softcap && !(std::isfinite(*softcap) && *softcap > 0))
    return misuse("a softcap of " + shortestText(*softcap),
                  "use a finite softcap above 0, or none");
  for (const Bias &bias : problem.biases()) {
    size_t count = bias.coefficients.size();
    if (count != 1 && int64_t(count) != problem.shape().heads)
      return misuse("a bias with " + number(int64_t(count)) + " coefficients for " +
                        number(problem.shape().heads) + " heads",
                    "give it 1 coefficient, or one for each head", bias.distance.node()->where);
    for (float coefficient : bias.coefficients)
      if (!std::isfinite(coefficient))
        return misuse("a bias coefficient of " + shortestText(coefficient),
                      "use finite coefficients", bias.distance.node()->where);
  }
  return {};
}

Status checkTrees(const Problem &problem) {
  if (const Error *mistake = problem.pattern().mistake())
    return *mistake;
  for (const Bias &bias : problem.biases())
    if (bias.distance.node()->mistake)
      return *bias.distance.node()->mistake;
  return {};
}

/// Reference radial masks are defined on one video, seen by itself.
Status checkRadialBlocks(const Node &node, const Problem &problem) {
  if (node.op == Op::RadialBlocks) {
    if (problem.query().isPacked() || problem.key().isPacked())
      return misuse("radialBlocks on a packed layout", "use a video layout", node.where);
    if (!(problem.query() == problem.key()))
      return misuse("radialBlocks with queries in " + problem.query().text() + " and keys in " +
                        problem.key().text(),
                    "use one layout for both", node.where);
  }
  for (const NodePointer &operand : node.operands)
    if (Status status = checkRadialBlocks(*operand, problem); !status)
      return status;
  return {};
}

/// What depends on the ranges of coordinates, once the layouts are sound.
Status checkOverLayouts(const Problem &problem) {
  Box box = Box::whole(problem);
  if (Status status = checkRadialBlocks(*problem.pattern().node(), problem); !status)
    return status;
  if (Status status = checkArithmetic(*problem.pattern().node(), box); !status)
    return status;
  for (const Bias &bias : problem.biases())
    if (Status status = checkArithmetic(*bias.distance.node(), box); !status)
      return status;
  return {};
}

} // namespace

Status Problem::check() const {
  if (Status status = checkTrees(*this); !status)
    return status;
  if (Status status = queryLayout.check(); !status)
    return status;
  if (Status status = keyLayout.check(); !status)
    return status;
  for (auto check : {checkHeads, checkHeadDim, checkTensorBytes, checkScore, checkOverLayouts})
    if (Status status = check(*this); !status)
      return status;
  return {};
}

} // namespace halftone
