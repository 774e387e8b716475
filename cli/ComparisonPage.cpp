#include "cli/Comparison.h"

#include "cli/HtmlPage.h"
#include "cli/Markup.h"
#include "cli/Plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace halftone::cli {
namespace {

constexpr const char *colours[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd",
                                   "#ff7f0e", "#17becf", "#8c564b", "#e377c2"};

const char *colourOf(size_t row) { return colours[row % std::size(colours)]; }

constexpr std::string_view style = R"(
body { max-width: 76em; }
table { width: 100%; }
th:first-child, td:first-child, td.bar { text-align: left; }
td { white-space: nowrap; }
tr:has(+ .where) td { border-bottom: 0; }
.where td { white-space: normal; padding-top: 0; }
td img.mask { width: 96px; height: 96px; }
td.bar { width: 100%; min-width: 8em; }
td.bar div { height: 1.1em; }
)";

Result<std::string> rowsOf(const Comparison &comparison) {
  double slowest = 0;
  for (const Comparison::Row &row : comparison.rows)
    slowest = std::max(slowest, row.median());
  bool quality = comparison.rows.front().quality.has_value();
  std::string html =
      "<table>\n<tr><th>pattern</th><th>mask</th><th>kept</th><th>computed</th>"
      "<th>time</th><th></th><th>TFLOP/s</th><th>speed-up</th><th>1 / density</th><th>check</th>";
  if (quality)
    html += "<th>mass kept</th><th>output error</th>";
  html += "</tr>\n";
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    const Comparison::Row &row = comparison.rows[i];
    auto picture = maskImage(row.mask, row.name);
    if (!picture)
      return picture;
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{:.2f}%</td><td>{:.2f}%</td>"
        "<td>{:.3f} ms</td><td class=\"bar\"><div style=\"width:{:.1f}%;background:{}\"></div></td>"
        "<td>{:.3f}</td><td>{:.2f}</td><td>{:.2f}</td><td>{}</td>",
        escapedMarkup(row.name), *picture, 100 * row.density, 100 * row.covered, row.median(),
        100 * row.median() / slowest, colourOf(i), row.teraflops, comparison.speedup(row),
        1 / row.density, row.checked.passed() ? "passed" : "FAILED");
    if (quality)
      html += fmt::format("<td>{:.2f}%</td><td>{:.2e}</td>", 100 * row.quality->keptMass(),
                          row.quality->relativeError());
    html += fmt::format("</tr>\n<tr class=\"where\"><td colspan=\"{}\"><code>{}</code></td></tr>\n",
                        quality ? 12 : 10, escapedMarkup(row.where));
  }
  return html + "</table>\n";
}

/// Where the names of points stand: below and right of each, further down where one would be over
/// another.
class PointNames {
public:
  double yOf(double x, double y, std::string_view name) {
    constexpr double line = 14, character = 7.5; // at most so wide, one with another
    Placed own{x, x + character * double(name.size()), y};
    auto isOver = [&](const Placed &other) {
      return own.left < other.right && other.left < own.right && std::abs(own.y - other.y) < line;
    };
    auto over = std::ranges::find_if(placed, isOver);
    while (over != placed.end()) {
      own.y = over->y + line;
      over = std::ranges::find_if(placed, isOver);
    }
    placed.push_back(own);
    return own.y;
  }

private:
  struct Placed {
    double left, right, y;
  };
  std::vector<Placed> placed;
};

/// Speed-up against density, both by powers of two: the ideal 1 / density is a straight line. What
/// is slower than dense lies below 1.
std::string speedupPlot(const Comparison &comparison) {
  double lowest = -1, highest = 1;
  for (const Comparison::Row &row : comparison.rows) {
    double speedup = std::log2(comparison.speedup(row));
    lowest = std::min(lowest, std::floor(speedup));
    highest = std::max({highest, std::ceil(-std::log2(row.density)), std::ceil(speedup)});
  }
  const Plot plot;
  auto acrossX = [&](double octave) { return plot.x(octave / highest); };
  auto shareY = [&](double octave) { return (octave - lowest) / (highest - lowest); };
  auto label = [](int octave) {
    return octave < 0 ? fmt::format("1/{}", int64_t(1) << -octave)
                      : fmt::format("{}", int64_t(1) << octave);
  };
  std::string svg = "<h2>Speed-up over dense, by density</h2>\n" +
                    plot.frame("speed-up over dense, by density",
                               "density (part of the pairs that is kept)", "speed-up");
  int step = int(std::ceil((highest - lowest) / 8));
  for (int octave = 0; octave <= int(highest); octave += step)
    svg += plot.tickX(octave / highest, label(-octave));
  for (int octave = int(lowest); octave <= int(highest); octave += step)
    svg += plot.tickY(shareY(octave), label(octave));
  svg +=
      fmt::format("<path d=\"M{} {:.1f}L{} {}\" class=\"axis\" stroke-dasharray=\"4 4\"/>\n"
                  "<text x=\"{}\" y=\"{}\" class=\"note\">ideal: 1 / density</text>\n",
                  plot.x(0), plot.y(shareY(0)), plot.x(1), plot.y(1), plot.x(1) + 5, plot.y(1) + 4);
  PointNames names;
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    const Comparison::Row &row = comparison.rows[i];
    double x = acrossX(-std::log2(row.density));
    double y = plot.y(shareY(std::log2(comparison.speedup(row))));
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"{}\"/>"
                       "<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                       x, y, colourOf(i), x + 8, names.yOf(x + 8, y + 14, row.name),
                       escapedMarkup(row.name));
  }
  return svg + "</svg>\n";
}

/// What is kept of the mass at each distance between frames, a line a pattern.
std::string massPlot(const Comparison &comparison) {
  size_t distances = comparison.rows.front().quality->keptShareAt().size();
  if (distances < 2)
    return {};
  const Plot plot;
  std::string svg = "<h2>Attention mass kept, by distance between frames</h2>\n" +
                    plot.frame("attention mass kept, by distance between frames", "frames apart",
                               "part of the mass that is kept");
  for (int quarter = 0; quarter <= 4; ++quarter)
    svg += plot.tickY(quarter / 4.0, fmt::format("{}%", 25 * quarter));
  auto across = [&](size_t distance) { return double(distance) / double(distances - 1); };
  for (size_t distance = 0; distance < distances; distance += (distances + 9) / 10)
    svg += plot.tickX(across(distance), std::to_string(distance));
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    std::vector<double> shares = comparison.rows[i].quality->keptShareAt();
    std::string path;
    for (size_t distance = 0; distance < distances; ++distance)
      path += fmt::format("{}{:.1f} {:.1f}", distance == 0 ? 'M' : 'L', plot.x(across(distance)),
                          plot.y(std::min(shares[distance], 1.0)));
    svg += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>"
                       "<text x=\"{}\" y=\"{}\" style=\"fill:{}\">{}</text>\n",
                       path, colourOf(i), plot.x(1) + 8, plot.y(1) + 14 * double(i) + 4,
                       colourOf(i), escapedMarkup(comparison.rows[i].name));
  }
  return svg + "</svg>\n";
}

} // namespace

Result<std::string> comparisonPage(const Comparison &comparison) {
  auto rows = rowsOf(comparison);
  if (!rows)
    return rows;
  std::string page =
      pageHead("Attention patterns compared", style) +
      fmt::format("<p>{}; {}; target {} on {}. Times are medians of {} launches.</p>\n",
                  escapedMarkup(comparison.layout), escapedMarkup(comparison.tensors),
                  escapedMarkup(comparison.target), escapedMarkup(comparison.device),
                  comparison.rows.front().milliseconds.size());
  page += *rows + speedupPlot(comparison);
  if (const std::optional<Quality> &quality = comparison.rows.front().quality)
    page += massPlot(comparison) +
            fmt::format("<p>Mass and error are of {} queries of {} heads, in double precision; the "
                        "output error is the root mean square of the difference from dense over "
                        "that of dense.</p>\n",
                        quality->rows, quality->heads.size());
  return page + "</body>\n</html>\n";
}

} // namespace halftone::cli
