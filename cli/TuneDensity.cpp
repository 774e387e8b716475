#include "cli/FrameDensity.h"
#include "cli/Plot.h"
#include "cli/TunePageParts.h"

namespace halftone::cli {

std::string densityPart(const BlockMask &mask, const Problem &problem) {
  std::vector<double> densities = densityByFrameDistance(mask, problem.query(), problem.key());
  if (densities.empty())
    return {};
  const Plot plot{.width = 560, .right = 15};
  Axis percent = Axis::linear(0, 100);
  std::string svg = "<figure>\n" +
                    plot.frame("density by distance between frames", "frames apart", "% kept") +
                    plot.ticksY(percent);
  auto count = double(densities.size());
  for (size_t distance = 0; distance < densities.size(); ++distance) {
    double left = plot.x((double(distance) + 0.1) / count),
           right = plot.x((double(distance) + 0.9) / count),
           top = plot.y(percent.share(100 * densities[distance]));
    svg +=
        fmt::format("<rect class=\"bar\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                    "height=\"{:.1f}\"><title>{} frames apart: {:.1f}%</title></rect>\n",
                    left, top, right - left, plot.y(0) - top, distance, 100 * densities[distance]);
    if (distance % ((densities.size() + 15) / 16) == 0)
      svg += plot.tickX((double(distance) + 0.5) / count, std::to_string(distance));
  }
  return svg + fmt::format("</svg>\n<figcaption>Density by distance between frames: of the token "
                           "pairs of frames that far apart, those in kept blocks of {}."
                           "</figcaption>\n</figure>\n",
                           mask.block);
}

} // namespace halftone::cli
