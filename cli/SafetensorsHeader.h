#pragma once

#include "dsl/Error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace halftone::cli {

/// One tensor of a .safetensors file: its bytes are [begin, end) of the data after the header.
struct SafetensorsEntry {
  std::string name;
  std::string type; ///< "F32", "BF16", ... as the file spells it
  std::vector<uint64_t> shape;
  uint64_t begin = 0, end = 0;
};

/// Reads the JSON header of a .safetensors file whose data is `dataBytes` long, believing nothing:
/// every size is checked against the type, the shape and the data, tensors may neither overlap nor
/// leave holes, names are not repeated, and nesting deeper than the format has is refused at once.
/// Entries come in the order of their data.
Result<std::vector<SafetensorsEntry>> parseSafetensorsHeader(std::string_view json,
                                                             uint64_t dataBytes);

/// What a file calls something, for messages: at most 60 bytes, and without control characters.
std::string printable(std::string_view name);

/// Bytes of one element of a type of the format; 0 for one it does not have.
uint64_t safetensorsTypeBytes(std::string_view type);

} // namespace halftone::cli
