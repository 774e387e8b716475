#include "cli/Picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace halftone::cli {
namespace {

/// Densities of a row of cells: cell (x, y) of a grid covers blocks [x * K / width, ...) of the
/// rows [y * Q / height, ...).
class Cells {
public:
  Cells(const BlockMask &mask, int64_t width, int64_t height)
      : mask(mask), width(width), height(height) {}

  std::vector<double> row(int64_t y) const {
    int64_t first = y * mask.queryBlocks / height, last = (y + 1) * mask.queryBlocks / height;
    std::vector<int64_t> change(size_t(mask.keyBlocks) + 1);
    for (uint32_t i = mask.rowStart[first]; i < mask.rowStart[last]; ++i) {
      ++change[mask.runs[i].begin];
      --change[mask.runs[i].end];
    }
    std::vector<double> densities;
    int64_t key = 0, kept = 0;
    for (int64_t x = 0; x < width; ++x) {
      int64_t begin = key, end = (x + 1) * mask.keyBlocks / width, sum = 0;
      for (; key < end; ++key)
        sum += kept += change[key];
      densities.push_back(double(sum) / double((last - first) * (end - begin)));
    }
    return densities;
  }

  const BlockMask &mask;
  int64_t width, height;
};

/// Two rows of cells, each kept or not, to a character.
std::string exactRow(const Cells &cells, int64_t y) {
  static constexpr std::array<const char *, 4> halves = {" ", "▀", "▄", "█"};
  std::vector<double> top = cells.row(y), bottom(top.size());
  if (y + 1 < cells.height)
    bottom = cells.row(y + 1);
  std::string text;
  for (size_t x = 0; x < top.size(); ++x)
    text += halves[(top[x] > 0 ? 1 : 0) + (bottom[x] > 0 ? 2 : 0)];
  return text;
}

/// Two rows of cells to a character as greys: the upper in the foreground.
std::string greyRow(const Cells &cells, int64_t y) {
  auto grey = [](double density) { return density <= 0 ? 16 : 232 + int(density * 23); };
  std::vector<double> top = cells.row(y), bottom(top.size());
  if (y + 1 < cells.height)
    bottom = cells.row(y + 1);
  std::string text;
  for (size_t x = 0; x < top.size(); ++x)
    text += fmt::format("\x1b[38;5;{};48;5;{}m▀", grey(top[x]), grey(bottom[x]));
  return text + "\x1b[0m";
}

/// One row of cells as shades; anything kept at all shows.
std::string shadeRow(const Cells &cells, int64_t y) {
  static constexpr std::array<const char *, 6> shades = {" ", "·", "░", "▒", "▓", "█"};
  std::string text;
  for (double density : cells.row(y))
    text += shades[density <= 0 ? 0 : density >= 1 ? 5 : 1 + int(density * 4)];
  return text;
}

} // namespace

std::string textPicture(const BlockMask &mask, int columns, bool colour) {
  if (mask.keyBlocks < 1 || mask.queryBlocks < 1)
    return {};
  int64_t inner = std::max(columns - 2, 8);
  bool exact = mask.keyBlocks <= inner && mask.queryBlocks <= 2 * inner;
  int64_t width = std::min(mask.keyBlocks, inner);
  bool halves = exact || colour;
  // A character is about twice as high as it is wide.
  int64_t height =
      exact ? mask.queryBlocks
            : std::clamp<int64_t>(width * mask.queryBlocks / (mask.keyBlocks * (halves ? 1 : 2)), 1,
                                  std::min<int64_t>(mask.queryBlocks, 2 * inner));
  Cells cells(mask, width, height);

  std::string bar;
  for (int64_t x = 0; x < width; ++x)
    bar += "─";
  std::string text = "┌" + bar + "┐\n";
  for (int64_t y = 0; y < height; y += halves ? 2 : 1)
    text += "│" +
            (exact    ? exactRow(cells, y)
             : colour ? greyRow(cells, y)
                      : shadeRow(cells, y)) +
            "│\n";
  return text + "└" + bar + "┘\n";
}

} // namespace halftone::cli
