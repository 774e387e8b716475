#include "kernels/patterns/Window.h"

namespace halftone::patterns {

Pattern window(const Layout &layout, int64_t reach) {
  auto [q, k] = layout.tokens();
  return (abs(q.index() - k.index()) <= reach).named("window");
}

Pattern causalWindow(const Layout &layout, int64_t reach) {
  auto [q, k] = layout.tokens();
  return (k.index() <= q.index() & q.index() - k.index() <= reach).named("causal window");
}

} // namespace halftone::patterns
