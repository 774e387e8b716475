#include "autotune/ShapeBucket.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace halftone {
namespace {

using Sizes = std::vector<std::pair<std::string_view, int64_t>>;

/// Reads back what shapeBucket() wrote; nothing for another text.
std::optional<Sizes> readSizes(std::string_view text) {
  Sizes sizes;
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    size_t equals = word.find('=');
    if (equals == word.npos)
      return std::nullopt;
    int64_t value = 0;
    std::string_view digits = word.substr(equals + 1);
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure != std::errc() || end != digits.data() + digits.size() || value < 0)
      return std::nullopt;
    sizes.emplace_back(word.substr(0, equals), value);
  }
  return sizes;
}

} // namespace

int64_t sizeBucket(int64_t size) {
  if (size < 8)
    return size;
  int shift = int(std::bit_width(uint64_t(size))) - 3;
  return size >> shift << shift;
}

std::string shapeBucket(const Layout &layout) {
  auto field = [](const char *name, int64_t size) {
    return std::string(name) + "=" + std::to_string(sizeBucket(size));
  };
  if (layout.isPacked())
    return field("segments", int64_t(layout.segments().size())) + " " +
           field("tokens", layout.tokenCount());
  return field("frames", layout.frameCount()) + " " +
         field("tokensPerFrame", layout.tokensPerFrame()) + " " +
         field("text", layout.textTokens());
}

double bucketDistance(std::string_view a, std::string_view b) {
  constexpr double never = std::numeric_limits<double>::infinity();
  std::optional<Sizes> left = readSizes(a), right = readSizes(b);
  if (!left || !right || left->size() != right->size())
    return never;
  double sum = 0;
  for (size_t i = 0; i < left->size(); ++i) {
    if ((*left)[i].first != (*right)[i].first)
      return never;
    // One is added so that no text and a little text are near each other.
    sum += std::abs(std::log2(double((*left)[i].second + 1) / double((*right)[i].second + 1)));
  }
  return sum;
}

} // namespace halftone
