#pragma once

#include "dsl/Layout.h"

namespace halftone::patterns {

/// Text sees everything and is seen by everything; to be joined with what the video sees of itself.
/// Four video tokens, two of text:
///
///     . . . . # #
///     . . . . # #
///     . . . . # #        q.isText | k.isText
///     . . . . # #
///     # # # # # #
///     # # # # # #
Pattern text(const Layout &clip);

} // namespace halftone::patterns
