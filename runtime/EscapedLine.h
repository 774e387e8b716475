#pragma once

#include <string>
#include <string_view>

namespace halftone {

/// A value on one line, for files and keys of "name value" lines: newlines and backslashes are
/// escaped, so that no value can pass for another field.
std::string escaped(std::string_view value);
/// The value again; false where `text` is not what escaped() writes.
bool unescape(std::string_view text, std::string &value);

} // namespace halftone
