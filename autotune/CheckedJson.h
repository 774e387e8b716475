#pragma once

#include "dsl/Error.h"

#include <nlohmann/json.hpp>

#include <string_view>

namespace halftone {

/// JSON from anywhere: at most 16 MiB, at most 64 levels deep (copying what is 100,000 deep ends a
/// program), and valid UTF-8. A File error says what is wrong and where.
Result<nlohmann::json> readJson(std::string_view bytes);

/// Whether `document` is what the schema (JSON text, draft 7) describes, its numbers are finite,
/// and its strings and names are UTF-8 without control characters, which would go to a terminal;
/// the error names the first value that is not so, as "configurations[2].key.heads: ...".
///
/// The schema says nothing by a string's "pattern": the standard library's regular expressions use
/// the stack for every character that * or + takes, and making one takes longer than all the rest.
Status checkSchema(const nlohmann::json &document, std::string_view schema);

} // namespace halftone
