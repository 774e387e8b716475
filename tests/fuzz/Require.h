#pragma once

#include "dsl/Error.h"

#include <string_view>

namespace halftone::fuzz {

/// Ends the program, with `what` and `input` on standard error, unless `holds`: to a fuzzer that is
/// a crash.
void require(bool holds, const char *what, std::string_view input);

/// The message of what was refused is there, on one line, in UTF-8 and without control characters,
/// whatever the input had: it goes to terminals, logs and JSON.
void requirePrintable(const Error &error, std::string_view input);

} // namespace halftone::fuzz
