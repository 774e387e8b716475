#include "kernels/patterns/Strided.h"

namespace halftone::patterns {

namespace {

Expr apart(const Layout &layout) {
  auto [q, k] = layout.tokens();
  return abs(q.index() - k.index());
}

Pattern everyNth(const Layout &layout, int64_t stride, Pattern::Location at) {
  return mod(Operand(apart(layout), at), Operand(stride, at)) == 0;
}

} // namespace

Pattern strided(const Layout &layout, int64_t stride, int64_t reach, Pattern::Location at) {
  return (apart(layout) <= reach | everyNth(layout, stride, at)).named("strided");
}

Pattern dilated(const Layout &layout, int64_t stride, int64_t reach, Pattern::Location at) {
  return (apart(layout) <= reach & everyNth(layout, stride, at)).named("dilated");
}

} // namespace halftone::patterns
