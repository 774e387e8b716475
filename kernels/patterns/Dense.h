#pragma once

#include "dsl/Layout.h"

namespace halftone::patterns {

/// Every query sees every key.
///
///          keys
///        # # # # # #
///     q  # # # # # #
///     u  # # # # # #        true
///     e  # # # # # #
///     r  # # # # # #
///     y  # # # # # #
Pattern dense();

} // namespace halftone::patterns
