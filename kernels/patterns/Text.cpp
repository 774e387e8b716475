#include "kernels/patterns/Text.h"

namespace halftone::patterns {

Pattern text(const Layout &clip) {
  auto [q, k] = clip.tokens();
  return (q.isText() | k.isText()).named("text");
}

} // namespace halftone::patterns
