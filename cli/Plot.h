#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace halftone::cli {

/// The numbers along one side of a plot.
class Axis {
public:
  /// From at most `low` to at least `high`, both ends and the ticks between them round numbers.
  static Axis linear(double low, double high);
  /// The same in powers, of what is greater than 0.
  static Axis logarithmic(double low, double high);
  /// The one of the two that spreads values from `low` to `high` better; both greater than 0.
  static Axis spreading(double low, double high);

  /// Where a value lies, from 0 to 1; the nearer end for what lies beyond.
  double share(double value) const;
  double low() const { return least; }
  double high() const { return most; }
  const std::vector<double> &ticks() const { return marks; }

private:
  double least = 0, most = 1;
  bool isLogarithmic = false;
  std::vector<double> marks;
};

/// A plot area with both axes, as SVG; x and y from 0 to 1 across it. Labels are escaped here.
struct Plot {
  double width = 640, height = 320, left = 60, bottom = 40, top = 15, right = 150;

  double x(double share) const { return left + share * (width - left - right); }
  double y(double share) const { return height - bottom - share * (height - top - bottom); }

  /// Opens the SVG, which the caller closes. `name`: what the plot shows, for those who hear it.
  std::string frame(std::string_view name, std::string_view xLabel, std::string_view yLabel) const;
  std::string tickX(double share, std::string_view label) const;
  std::string tickY(double share, std::string_view label) const;
  /// Ticks with their numbers; y has lines across the plot.
  std::string ticksX(const Axis &axis) const;
  std::string ticksY(const Axis &axis) const;
};

} // namespace halftone::cli
