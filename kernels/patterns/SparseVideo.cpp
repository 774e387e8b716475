#include "kernels/patterns/SparseVideo.h"

#include "kernels/patterns/Text.h"

namespace halftone::patterns {

namespace {

/// What every head sees, whatever its kind.
Pattern shared(const Layout &clip, bool sink) {
  auto [q, k] = clip.tokens();
  return sink ? text(clip) | k.frame() == 0 : text(clip);
}

} // namespace

Pattern spatial(const Layout &clip, int64_t frames, bool sink) {
  auto [q, k] = clip.tokens();
  return (shared(clip, sink) | abs(q.frame() - k.frame()) <= frames).named("spatial");
}

Pattern temporal(const Layout &clip, int64_t reach, bool sink) {
  auto [q, k] = clip.tokens();
  return (shared(clip, sink) | abs(q.place() - k.place()) <= reach).named("temporal");
}

} // namespace halftone::patterns
