#include "cli/Plot.h"

#include "cli/Markup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace halftone::cli {
namespace {

/// The greatest number that is not above `value` and is 1, 2 or 5 times a power of ten.
double roundBelow(double value) {
  double power = std::pow(10, std::floor(std::log10(value)));
  // Rounding errors of the logarithm must not cost a step.
  for (double step : {10.0, 5.0, 2.0})
    if (step * power <= value * (1 + 1e-9))
      return step * power;
  return power;
}

double nextRound(double value) {
  double power = std::pow(10, std::floor(std::log10(value) + 1e-9));
  double digit = std::round(value / power);
  return power * (digit < 2 ? 2 : digit < 5 ? 5 : 10);
}

} // namespace

Axis Axis::linear(double low, double high) {
  if (high <= low)
    high = low + (low > 0 ? low / 10 : 1);
  double step = nextRound(roundBelow((high - low) / 8));
  Axis axis;
  axis.least = std::floor(low / step + 1e-9) * step;
  axis.most = std::ceil(high / step - 1e-9) * step;
  for (int i = 0; axis.least + i * step <= axis.most + step / 2; ++i)
    axis.marks.push_back(axis.least + i * step);
  return axis;
}

Axis Axis::logarithmic(double low, double high) {
  Axis axis;
  axis.isLogarithmic = true;
  axis.least = roundBelow(low);
  axis.most = nextRound(axis.least);
  axis.marks = {axis.least, axis.most};
  while (axis.most < high * (1 - 1e-9)) {
    axis.most = nextRound(axis.most);
    axis.marks.push_back(axis.most);
  }
  if (axis.marks.size() > 10)
    std::erase_if(axis.marks, [](double mark) {
      double exponent = std::log10(mark);
      return std::abs(exponent - std::round(exponent)) > 1e-6;
    });
  return axis;
}

Axis Axis::spreading(double low, double high) {
  return high < 4 * low ? linear(low, high) : logarithmic(low, high);
}

double Axis::share(double value) const {
  double share = isLogarithmic ? std::log(value / least) / std::log(most / least)
                               : (value - least) / (most - least);
  return std::clamp(share, 0.0, 1.0);
}

std::string Plot::frame(std::string_view name, std::string_view xLabel,
                        std::string_view yLabel) const {
  return fmt::format(
      "<svg role=\"img\" aria-label=\"{11}\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\">\n"
      "<path d=\"M{2} {3}V{4}H{5}\" class=\"axis\"/>\n"
      "<text x=\"{6}\" y=\"{7}\" text-anchor=\"middle\">{8}</text>\n"
      "<text x=\"14\" y=\"{9}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {9})\">{10}"
      "</text>\n",
      width, height, x(0), y(1), y(0), x(1), x(0.5), height - 6, escapedMarkup(xLabel), y(0.5),
      escapedMarkup(yLabel), escapedMarkup(name));
}

std::string Plot::tickX(double share, std::string_view label) const {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", x(share),
                     y(0) + 15, escapedMarkup(label));
}

std::string Plot::tickY(double share, std::string_view label) const {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", x(0) - 5,
                     y(share) + 4, escapedMarkup(label));
}

std::string Plot::ticksX(const Axis &axis) const {
  std::string svg;
  for (double mark : axis.ticks())
    svg += tickX(axis.share(mark), fmt::format("{:g}", mark));
  return svg;
}

std::string Plot::ticksY(const Axis &axis) const {
  std::string svg;
  for (double mark : axis.ticks()) {
    if (mark > axis.low())
      svg += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\" class=\"grid\"/>\n", x(0),
                         y(axis.share(mark)), x(1));
    svg += tickY(axis.share(mark), fmt::format("{:g}", mark));
  }
  return svg;
}

} // namespace halftone::cli
