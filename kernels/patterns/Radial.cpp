#include "kernels/patterns/Radial.h"

#include "dsl/Decimal.h"
#include "kernels/patterns/Text.h"

#include <algorithm>
#include <bit>

namespace halftone::patterns {

namespace {

/// Bands narrower than this thin out: a constant of the rule, whatever the block size is.
constexpr int64_t thinningBits = 7; // 128 tokens

/// Above every place, and still far from overflow.
constexpr __int128 farthest = __int128{1} << 62;

/// floor(2^bits(T) * decay), the reach at no distance, without the 64-bit limit on the product. A
/// decay that is no decimal >= 0 leaves its mistake in the tree.
Expr fullReach(int64_t tokensPerFrame, double decay, Pattern::Location at) {
  Operand power(pow2(bits(Expr(tokensPerFrame))), at);
  std::optional<Decimal> exact = Decimal::fromDouble(decay);
  if (!exact || tokensPerFrame < 1)
    return scaled(power, decay);
  __int128 product = (__int128{1} << std::bit_width(uint64_t(tokensPerFrame))) * exact->numerator;
  return Expr(int64_t(std::min(product / exact->denominator, farthest)), at);
}

} // namespace

Pattern radial(const Layout &clip, const RadialOptions &options, Pattern::Location at) {
  auto [q, k] = clip.tokens();
  int64_t tokensPerFrame = clip.tokensPerFrame();
  Expr apart = abs(q.frame() - k.frame());
  Expr across = abs(q.place() - k.place());

  // Each doubling of the distance halves the reach.
  Expr reach = fullReach(tokensPerFrame, options.decay, at) / pow2(bits(apart));
  Pattern near = apart <= 1;
  Pattern band = across <= max(reach, options.block);

  // Of bands of 2^(bits(T) - bits(apart)) < 128 tokens, one frame in 128 / that many is kept.
  Expr every = pow2(max(bits(apart) + (thinningBits - bits(Expr(tokensPerFrame))), 0));
  Pattern thinned = apart % every == 0;

  Pattern kept = text(clip);
  if (options.sink)
    kept = kept | k.frame() == 0;
  return (kept | (near | band) & thinned).named("radial");
}

Pattern radialReference(const RadialOptions &options, Pattern::Location at) {
  return radialBlocks(options.decay, options.block, options.sink, at).named("radial, reference");
}

} // namespace halftone::patterns
