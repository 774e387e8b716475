#include "dsl/Nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace halftone {

namespace {

/// Letters inserted, deleted, replaced or swapped with their neighbour to turn `a` into `b`.
size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, above, row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({above[j] + (a[i] == b[j] ? 0 : 1), row[j] + 1, above[j + 1] + 1});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
    }
  }
  return row[b.size()];
}

} // namespace

std::string nearestFix(std::string_view word, std::span<const std::string_view> known) {
  std::string_view nearest;
  size_t least = SIZE_MAX;
  if (word.size() <= 64)
    for (std::string_view candidate : known)
      if (size_t distance = editDistance(word, candidate); distance < least) {
        least = distance;
        nearest = candidate;
      }
  if (least <= std::max<size_t>(1, nearest.size() / 3))
    return "did you mean " + std::string(nearest);
  std::string list;
  for (std::string_view candidate : known)
    list += (list.empty() ? "" : ", ") + std::string(candidate);
  return (known.size() == 1 ? "use " : "use one of ") + list;
}

std::string nearestFix(std::string_view word, std::initializer_list<std::string_view> known) {
  return nearestFix(word, std::span(known.begin(), known.size()));
}

} // namespace halftone
