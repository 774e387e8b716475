#pragma once

#include "dsl/Layout.h"

namespace halftone::patterns {

/// Every query sees the keys at most `reach` positions away, on both sides (Longformer,
/// arXiv 2004.05150). Here with a reach of 1:
///
///     # # . . . .
///     # # # . . .
///     . # # # . .        abs(q.index - k.index) <= reach
///     . . # # # .
///     . . . # # #
///     . . . . # #
Pattern window(const Layout &layout, int64_t reach);

/// Every query sees itself and the `reach` keys before it (Mistral 7B, arXiv 2310.06825). Here with
/// a reach of 2:
///
///     # . . . . .
///     # # . . . .
///     # # # . . .        k.index <= q.index & q.index - k.index <= reach
///     . # # # . .
///     . . # # # .
///     . . . # # #
Pattern causalWindow(const Layout &layout, int64_t reach);

} // namespace halftone::patterns
