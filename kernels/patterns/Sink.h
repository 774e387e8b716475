#pragma once

#include "dsl/Layout.h"

namespace halftone::patterns {

/// Every query sees the first `tokens` keys, which attract attention whatever they hold
/// (StreamingLLM, arXiv 2309.17453), and its neighbours up to `reach` positions away. Here with one
/// token and a reach of 1:
///
///     # # . . . .
///     # # # . . .
///     # # # # . .        k.index < tokens | abs(q.index - k.index) <= reach
///     # . # # # .
///     # . . # # #
///     # . . . # #
Pattern sink(const Layout &layout, int64_t tokens, int64_t reach);

} // namespace halftone::patterns
