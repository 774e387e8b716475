#include "cli/Comparison.h"

#include "cli/Markup.h"
#include "cli/Picture.h"

#include <fmt/format.h>
#include <llvm/Support/Base64.h>

#include <algorithm>
#include <cmath>

namespace halftone::cli {
namespace {

constexpr const char *colours[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd",
                                   "#ff7f0e", "#17becf", "#8c564b", "#e377c2"};

const char *colourOf(size_t row) { return colours[row % std::size(colours)]; }

/// The mask as a PNG in the page: a pixel a block, whatever the length.
Result<std::string> pictureOf(const BlockMask &mask, std::string_view name) {
  std::string png;
  if (Status status =
          writePng(mask, pngPixels(mask), [&](std::string_view bytes) { png += bytes; });
      !status)
    return status.error();
  return fmt::format("<img alt=\"mask of {}\" src=\"data:image/png;base64,{}\">",
                     escapedMarkup(name), llvm::encodeBase64(png));
}

std::string head() {
  return R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>Attention patterns compared</title>
<style>
body { font: 15px/1.4 sans-serif; margin: 2em auto; max-width: 64em; color: #1a1a1a; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .4em .6em; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child, td.bar, td code { text-align: left; }
td img { width: 96px; height: 96px; image-rendering: pixelated; border: 1px solid #999; display: block; }
td.bar { width: 22em; }
td.bar div { height: 1.1em; }
code { font-size: 11px; overflow-wrap: anywhere; }
svg { display: block; margin: 1em 0; font: 12px sans-serif; }
</style>
</head>
<body>
<h1>Attention patterns compared</h1>
)";
}

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
    auto picture = pictureOf(row.mask, row.name);
    if (!picture)
      return picture;
    html += fmt::format(
        "<tr><td>{}<br><code>{}</code></td><td>{}</td><td>{:.2f}%</td><td>{:.2f}%</td>"
        "<td>{:.3f} ms</td><td class=\"bar\"><div style=\"width:{:.1f}%;background:{}\"></div></td>"
        "<td>{:.3f}</td><td>{:.2f}</td><td>{:.2f}</td><td>{}</td>",
        escapedMarkup(row.name), escapedMarkup(row.where), *picture, 100 * row.density,
        100 * row.covered, row.median(), 100 * row.median() / slowest, colourOf(i), row.teraflops,
        comparison.speedup(row), 1 / row.density, row.checked.passed() ? "passed" : "FAILED");
    if (quality)
      html += fmt::format("<td>{:.2f}%</td><td>{:.2e}</td>", 100 * row.quality->keptMass(),
                          row.quality->relativeError());
    html += "</tr>\n";
  }
  return html + "</table>\n";
}

/// A plot area with both axes; x and y from 0 to 1 across it.
struct Plot {
  static constexpr double width = 640, height = 320, left = 60, bottom = 40, top = 15, right = 150;
  static double x(double share) { return left + share * (width - left - right); }
  static double y(double share) { return height - bottom - share * (height - top - bottom); }

  static std::string frame(std::string_view xLabel, std::string_view yLabel) {
    return fmt::format(
        "<svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\">\n"
        "<path d=\"M{2} {3}V{4}H{5}\" fill=\"none\" stroke=\"#1a1a1a\"/>\n"
        "<text x=\"{6}\" y=\"{7}\" text-anchor=\"middle\">{8}</text>\n"
        "<text x=\"14\" y=\"{9}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {9})\">{10}"
        "</text>\n",
        width, height, x(0), y(1), y(0), x(1), x(0.5), height - 6, xLabel, y(0.5), yLabel);
  }
  static std::string tickX(double share, const std::string &label) {
    return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x(share),
                       y(0) + 15, label);
  }
  static std::string tickY(double share, const std::string &label) {
    return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", x(0) - 5,
                       y(share) + 4, label);
  }
};

/// Speed-up against density, both by powers of two: the ideal 1 / density is a straight line. What
/// is slower than dense lies below 1.
std::string speedupPlot(const Comparison &comparison) {
  double lowest = 0, highest = 1;
  for (const Comparison::Row &row : comparison.rows) {
    double speedup = std::log2(comparison.speedup(row));
    lowest = std::min(lowest, std::floor(speedup));
    highest = std::max({highest, std::ceil(-std::log2(row.density)), std::ceil(speedup)});
  }
  auto acrossX = [&](double octave) { return Plot::x(octave / highest); };
  auto shareY = [&](double octave) { return (octave - lowest) / (highest - lowest); };
  auto label = [](int octave) {
    return octave < 0 ? fmt::format("1/{}", int64_t(1) << -octave)
                      : fmt::format("{}", int64_t(1) << octave);
  };
  std::string svg = "<h2>Speed-up over dense, by density</h2>\n" +
                    Plot::frame("density (part of the pairs that is kept)", "speed-up");
  int step = int(std::ceil((highest - lowest) / 8));
  for (int octave = 0; octave <= int(highest); octave += step)
    svg += Plot::tickX(octave / highest, label(-octave));
  for (int octave = int(lowest); octave <= int(highest); octave += step)
    svg += Plot::tickY(shareY(octave), label(octave));
  svg += fmt::format("<path d=\"M{} {:.1f}L{} {}\" stroke=\"#999\" stroke-dasharray=\"4 4\"/>\n"
                     "<text x=\"{}\" y=\"{}\" fill=\"#666\">ideal: 1 / density</text>\n",
                     Plot::x(0), Plot::y(shareY(0)), Plot::x(1), Plot::y(1), Plot::x(1) + 5,
                     Plot::y(1) + 4);
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    const Comparison::Row &row = comparison.rows[i];
    double x = acrossX(-std::log2(row.density));
    double y = Plot::y(shareY(std::log2(comparison.speedup(row))));
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"{}\"/>"
                       "<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                       x, y, colourOf(i), x + 8, y + 14, escapedMarkup(row.name));
  }
  return svg + "</svg>\n";
}

/// What is kept of the mass at each distance between frames, a line a pattern.
std::string massPlot(const Comparison &comparison) {
  size_t distances = comparison.rows.front().quality->keptShareAt().size();
  if (distances < 2)
    return {};
  std::string svg = "<h2>Attention mass kept, by distance between frames</h2>\n" +
                    Plot::frame("frames apart", "part of the mass that is kept");
  for (int quarter = 0; quarter <= 4; ++quarter)
    svg += Plot::tickY(quarter / 4.0, fmt::format("{}%", 25 * quarter));
  auto across = [&](size_t distance) { return double(distance) / double(distances - 1); };
  for (size_t distance = 0; distance < distances; distance += (distances + 9) / 10)
    svg += Plot::tickX(across(distance), std::to_string(distance));
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    std::vector<double> shares = comparison.rows[i].quality->keptShareAt();
    std::string path;
    for (size_t distance = 0; distance < distances; ++distance)
      path += fmt::format("{}{:.1f} {:.1f}", distance == 0 ? 'M' : 'L', Plot::x(across(distance)),
                          Plot::y(std::min(shares[distance], 1.0)));
    svg += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>"
                       "<text x=\"{}\" y=\"{}\" fill=\"{}\">{}</text>\n",
                       path, colourOf(i), Plot::x(1) + 8, Plot::y(1) + 14 * double(i) + 4,
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
      head() + fmt::format("<p>{}; {}; target {} on {}. Times are medians of {} launches.</p>\n",
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
