#pragma once

#include "autotune/Search.h"
#include "dsl/Error.h"

#include <string_view>

namespace halftone::cli {

/// What a search may spend, as --budget has it: "60s", "5m", "40 candidates".
Result<Budget> parseBudget(std::string_view text);

} // namespace halftone::cli
