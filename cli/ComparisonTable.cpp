#include "cli/Comparison.h"

#include <fmt/format.h>

#include <algorithm>

namespace halftone::cli {

std::string comparisonTable(const Comparison &comparison) {
  size_t width = 7;
  for (const Comparison::Row &row : comparison.rows)
    width = std::max(width, row.name.size());
  bool quality = comparison.rows.front().quality.has_value();
  std::string table =
      fmt::format("{:<{}} {:>8} {:>9} {:>12} {:>9} {:>8} {:>8} {:>7}", "pattern", width, "kept",
                  "computed", "time", "TFLOP/s", "speedup", "ideal", "check");
  if (quality)
    table += fmt::format(" {:>9} {:>10} {:>11}", "mass kept", "rms error", "max error");
  table += "\n";
  for (const Comparison::Row &row : comparison.rows) {
    table += fmt::format(
        "{:<{}} {:>7.2f}% {:>8.2f}% {:>9.3f} ms {:>9.3f} {:>7.2f}x {:>7.2f}x {:>7}", row.name,
        width, 100 * row.density, 100 * row.covered, row.median(), row.teraflops,
        comparison.speedup(row), 1 / row.density, row.checked.passed() ? "passed" : "FAILED");
    if (quality)
      table += fmt::format(" {:>8.2f}% {:>10.2e} {:>11.2e}", 100 * row.quality->keptMass(),
                           row.quality->relativeError(), row.quality->greatestError());
    table += "\n";
  }
  return table;
}

} // namespace halftone::cli
