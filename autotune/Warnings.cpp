#include "autotune/Warnings.h"

#include <utility>

namespace halftone {

void Warnings::add(const std::string &text) {
  std::lock_guard lock(mutex);
  if (seen.insert(text).second)
    waiting.push_back(text);
}

std::vector<std::string> Warnings::take() {
  std::lock_guard lock(mutex);
  return std::exchange(waiting, {});
}

} // namespace halftone
