#include "dsl/Where.h"

namespace halftone {

std::string Where::text() const {
  if (line != 0) {
    size_t slash = file.find_last_of("/\\");
    std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
    return name + ":" + std::to_string(line);
  }
  if (column != 0)
    return "column " + std::to_string(column);
  return {};
}

} // namespace halftone
