#pragma once

#include <string>
#include <string_view>

namespace halftone::cli {

/// Text as it stands in XML and HTML, between tags or in a quoted attribute.
std::string escapedMarkup(std::string_view text);

} // namespace halftone::cli
