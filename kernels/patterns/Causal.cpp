#include "kernels/patterns/Causal.h"

namespace halftone::patterns {

Pattern causal(const Layout &layout) {
  auto [q, k] = layout.tokens();
  return (k.index() <= q.index()).named("causal");
}

} // namespace halftone::patterns
