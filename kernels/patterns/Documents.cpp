#include "kernels/patterns/Documents.h"

namespace halftone::patterns {

Pattern documents(const Layout &layout) {
  auto [q, k] = layout.tokens();
  return (q.segment() == k.segment()).named("documents");
}

} // namespace halftone::patterns
