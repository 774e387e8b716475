#include "tests/kernels/Picture.h"

#include <doctest/doctest.h>

#include <fstream>

namespace halftone::test {

namespace {

/// The leading cells of a comment line, or nothing where it is no line of a picture.
std::string cells(const std::string &line) {
  constexpr std::string_view indent = "///     ";
  if (!line.starts_with(indent))
    return {};
  std::string found;
  size_t spaces = 0;
  for (char c : line.substr(indent.size())) {
    if (c == '#' || c == '.') {
      found += c;
      spaces = 0;
    } else if (c != ' ' || (++spaces > 2 && !found.empty())) {
      break; // the formula beside the picture
    }
  }
  return found;
}

} // namespace

std::vector<std::string> picturesOf(const std::string &header) {
  std::ifstream file(std::string(HALFTONE_SOURCE_DIR) + "/kernels/patterns/" + header);
  REQUIRE(file);
  std::vector<std::string> pictures;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    std::string row = cells(line);
    if (!row.empty() && !inside)
      pictures.emplace_back();
    if (!row.empty())
      pictures.back() += row + '\n';
    inside = !row.empty();
  }
  return pictures;
}

} // namespace halftone::test
