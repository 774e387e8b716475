#pragma once

#include "dsl/Layout.h"

namespace halftone::patterns {

/// Every query sees the keys up to its own position, as a language model does.
///
///     # . . . . .
///     # # . . . .
///     # # # . . .        k.index <= q.index
///     # # # # . .
///     # # # # # .
///     # # # # # #
Pattern causal(const Layout &layout);

} // namespace halftone::patterns
