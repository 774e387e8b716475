#pragma once

#include "dsl/Layout.h"

#include <optional>

namespace halftone {

enum class Element : uint8_t { F32, F16, BF16 };
std::string_view elementName(Element element); ///< "f32", "f16", "bf16"
int64_t elementBytes(Element element);

/// Sizes of the tensors: q and o are [batch, S_q, heads, headDim], k and v [batch, S_k, kvHeads,
/// headDim], in any memory order whose innermost stride is 1.
struct AttentionShape {
  int64_t batch = 1;
  int64_t heads = 1;
  int64_t kvHeads = 0; ///< 0: as many as heads; else a divisor of heads
  int64_t headDim = 64;
  Element element = Element::BF16;
  bool lse = false; ///< also write the log-sum-exp of every row (natural log, fp32, [B, H, S_q])
};

/// An additive score bias: coefficient[head] * distance(query, key), as ALiBi has. One coefficient
/// serves all heads.
struct Bias {
  Expr distance;
  std::vector<float> coefficients;
};

/// What is computed: o = softmax(score(q k^T)) v over the kept pairs, with
/// score(x) = softcap(scale * x) + sum of biases, softcap(y) = c * tanh(y / c).
/// A row with no kept key gives output 0 and LSE -infinity.
class Problem {
public:
  Problem(Layout query, Layout key, AttentionShape shape);

  Problem where(Pattern pattern) const;
  Problem withScale(double scale) const; ///< default: 1 / sqrt(headDim)
  Problem withSoftcap(double softcap) const;
  Problem withBias(Expr distance, std::vector<float> coefficients) const;

  const Layout &query() const { return queryLayout; }
  const Layout &key() const { return keyLayout; }
  const AttentionShape &shape() const { return sizes; }
  int64_t kvHeads() const { return sizes.kvHeads ? sizes.kvHeads : sizes.heads; }
  const Pattern &pattern() const { return kept; }
  double scale() const;
  std::optional<double> softcap() const { return softcapValue; }
  const std::vector<Bias> &biases() const { return biasList; }

  /// Everything that can be wrong with it, first mistake first: mistakes kept in the trees,
  /// layouts, head counts, a head dim that is not a multiple of 8 in 8..256, a scale, softcap or
  /// coefficient that is not finite; then, over all positions of the layouts, heads and batch
  /// elements, a divisor that can be 0, bits() and pow2() outside their domain, and overflow of 64
  /// bits, each with the user's line.
  Status check() const;

  /// One line that parseProblem reads back:
  /// "attention query=video(...) key=video(...) batch=1 heads=40 kv_heads=40 head_dim=128
  ///  element=bf16 lse=0 scale=0.08838834764831843 where k.frame == 0 | ..."; a softcap stands
  /// after the scale as " softcap=50", then each bias as " bias=(abs(q.index - k.index); 0.5
  /// 0.25)".
  std::string text() const;

private:
  Layout queryLayout, keyLayout;
  AttentionShape sizes;
  Pattern kept = Pattern::dense();
  std::optional<double> scaleValue, softcapValue;
  std::vector<Bias> biasList;
};

/// Self-attention over one layout, or queries of one layout over keys of another.
Problem attention(const Layout &layout, AttentionShape shape);
Problem attention(Layout query, Layout key, AttentionShape shape);

} // namespace halftone
