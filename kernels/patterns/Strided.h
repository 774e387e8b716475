#pragma once

#include "dsl/Layout.h"

namespace halftone::patterns {

/// Every query sees its neighbours up to `reach` positions away, and every `stride`-th key from
/// itself (Sparse Transformer, arXiv 1904.10509). Here with a reach of 1 and a stride of 3:
///
///     # # . # . .
///     # # # . # .
///     . # # # . #        abs(q.index - k.index) <= reach
///     # . # # # .      | abs(q.index - k.index) % stride == 0
///     . # . # # #
///     . . # . # #
Pattern strided(const Layout &layout, int64_t stride, int64_t reach,
                Pattern::Location at = Pattern::Location::current());

/// A window with holes: of the keys at most `reach` positions away, every `stride`-th from the
/// query (Longformer, arXiv 2004.05150). Here with a reach of 4 and a stride of 2:
///
///     # . # . # .
///     . # . # . #
///     # . # . # .        abs(q.index - k.index) <= reach
///     . # . # . #      & abs(q.index - k.index) % stride == 0
///     # . # . # .
///     . # . # . #
Pattern dilated(const Layout &layout, int64_t stride, int64_t reach,
                Pattern::Location at = Pattern::Location::current());

} // namespace halftone::patterns
