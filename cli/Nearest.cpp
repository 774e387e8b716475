#include "cli/Nearest.h"

#include <llvm/ADT/StringRef.h>

#include <algorithm>

namespace halftone::cli {

std::string nearest(std::string_view name, std::span<const std::string> candidates) {
  // Half of the letters may differ at most; more is another word.
  unsigned best = unsigned(std::max<size_t>(name.size() / 2, 1)) + 1;
  std::string found;
  for (const std::string &candidate : candidates) {
    unsigned distance = llvm::StringRef(name).edit_distance(candidate, true, best);
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

} // namespace halftone::cli
