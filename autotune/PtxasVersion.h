#pragma once

#include "dsl/Error.h"

#include <string>

namespace halftone {

/// The version that the ptxas at `path` says it has, as Key::ptxas wants it.
Result<std::string> ptxasVersionOf(const std::string &path);

} // namespace halftone
