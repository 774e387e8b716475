#pragma once

#include "dsl/Layout.h"

namespace halftone::patterns {

/// Sizes along frames, rows and columns.
struct Extent3 {
  int64_t frames = 1, rows = 1, columns = 1;
  bool operator==(const Extent3 &) const = default;
};

struct TileWindowOptions {
  Extent3 tile{4, 8, 8};   ///< of a tile, in tokens
  Extent3 window{3, 3, 3}; ///< of the window around a query's tile, in tiles
};

/// Sliding tile attention (arXiv 2502.04507): the video is cut into tiles of frames x rows x
/// columns, and a query sees all tokens of the tiles in a window around its own tile. At the
/// video's borders the window is moved inwards, so that it never loses tiles. Text sees, and is
/// seen by, everything.
///
/// One axis of five tiles, a window of three; the rows are the tiles of the query:
///
///     # # # . .
///     # # # . .
///     . # # # .        first = clamp(query tile - window / 2, 0, tiles - window)
///     . . # # #        first <= key tile < first + window
///     . . # # #
Pattern tileWindow(const Layout &clip, const TileWindowOptions &options = {},
                   Pattern::Location at = Pattern::Location::current());

} // namespace halftone::patterns
