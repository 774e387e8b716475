#pragma once

#include <string>
#include <string_view>

namespace halftone {

/// SHA-256 of bytes, in 64 lowercase hexadecimal digits; `sha256sum` prints the same.
std::string sha256(std::string_view bytes);

/// Whether `text` is 64 lowercase hexadecimal digits.
bool isSha256(std::string_view text);

} // namespace halftone
