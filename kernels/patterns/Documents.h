#pragma once

#include "dsl/Layout.h"

namespace halftone::patterns {

/// Documents packed one after another (Layout::packed) see themselves only. Documents of 3, 1 and 2
/// tokens:
///
///     # # # . . .
///     # # # . . .
///     # # # . . .        q.segment == k.segment
///     . . . # . .
///     . . . . # #
///     . . . . # #
Pattern documents(const Layout &layout);

} // namespace halftone::patterns
