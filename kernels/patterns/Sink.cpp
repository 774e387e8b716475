#include "kernels/patterns/Sink.h"

namespace halftone::patterns {

Pattern sink(const Layout &layout, int64_t tokens, int64_t reach) {
  auto [q, k] = layout.tokens();
  return (k.index() < tokens | abs(q.index() - k.index()) <= reach).named("sink");
}

} // namespace halftone::patterns
