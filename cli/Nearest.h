#pragma once

#include <span>
#include <string>
#include <string_view>

namespace halftone::cli {

/// The candidate spelled most like `name`, or empty when none is near.
std::string nearest(std::string_view name, std::span<const std::string> candidates);

} // namespace halftone::cli
