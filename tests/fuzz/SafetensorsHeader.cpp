// The JSON header of a .safetensors file. The input's first line is the size of the data that the
// header is to be checked against, in decimal.

#include "cli/SafetensorsHeader.h"

#include "tests/fuzz/Require.h"
#include "tests/fuzz/Target.h"

#include <charconv>
#include <set>

namespace halftone::fuzz {

bool feed(std::string_view input) {
  uint64_t dataBytes = 0;
  std::string_view line = input.substr(0, input.find('\n'));
  std::from_chars(line.data(), line.data() + line.size(), dataBytes);
  std::string_view json = input.substr(std::min(input.size(), line.size() + 1));

  Result<std::vector<cli::SafetensorsEntry>> entries = cli::parseSafetensorsHeader(json, dataBytes);
  if (!entries) {
    requirePrintable(entries.error(), input);
    return false;
  }
  uint64_t end = 0;
  std::set<std::string> names;
  for (const cli::SafetensorsEntry &entry : *entries) {
    require(names.insert(entry.name).second, "names are not repeated", input);
    require(entry.begin == end && entry.end >= entry.begin, "tensors follow each other", input);
    unsigned __int128 bytes = cli::safetensorsTypeBytes(entry.type);
    require(bytes > 0, "a type has a size", input);
    for (uint64_t size : entry.shape)
      bytes *= size; // at most 16 factors, of which the reader let pass what fits 64 bits
    require(bytes == entry.end - entry.begin, "a shape and a type have these bytes", input);
    end = entry.end;
  }
  require(end == dataBytes, "all data belong to tensors", input);
  return true;
}

} // namespace halftone::fuzz
