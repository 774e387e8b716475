#include "kernels/patterns/TileWindow.h"

#include "kernels/patterns/Text.h"

#include <algorithm>

namespace halftone::patterns {

namespace {

/// The window along one axis of `size` tokens.
Pattern along(const Expr &query, const Expr &key, int64_t size, int64_t tile, int64_t window,
              Pattern::Location at) {
  int64_t tiles = tile > 0 ? (size + tile - 1) / tile : 0;
  Expr queryTile = floorDiv(Operand(query, at), Operand(tile, at));
  Expr keyTile = floorDiv(Operand(key, at), Operand(tile, at));
  Expr first = min(max(queryTile - window / 2, 0), std::max<int64_t>(tiles - window, 0));
  return keyTile >= first & keyTile < first + window;
}

} // namespace

Pattern tileWindow(const Layout &clip, const TileWindowOptions &options, Pattern::Location at) {
  auto [q, k] = clip.tokens();
  const auto &[tile, window] = options;
  Pattern near = along(q.frame(), k.frame(), clip.frameCount(), tile.frames, window.frames, at) &
                 along(q.row(), k.row(), clip.height(), tile.rows, window.rows, at) &
                 along(q.column(), k.column(), clip.width(), tile.columns, window.columns, at);
  return (text(clip) | near).named("tile window");
}

} // namespace halftone::patterns
