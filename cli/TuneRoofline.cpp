#include "cli/HtmlPage.h"
#include "cli/Markup.h"
#include "cli/Plot.h"
#include "cli/TunePageParts.h"

#include <algorithm>

namespace halftone::cli {

std::optional<double> TunePageFacts::tileTeraflops(size_t standing) const {
  double milliseconds = search().standings[standing].milliseconds;
  if (!work[standing] || milliseconds <= 0)
    return std::nullopt;
  return work[standing]->tileFlops / milliseconds * 1e-9;
}

double peakTeraflops(const MachineFacts &machine) {
  return peakFlopsPerClock(machine) * machine.multiprocessors * machine.clockHz * 1e-12;
}

namespace {

/// Where the roof comes from, so that nobody takes it for more than it is.
std::string ceilingText(const MachineFacts &machine, double peak, double clockMhz) {
  if (peak <= 0)
    return "The machine does not say how fast it is, so there is no roof.";
  std::string text = fmt::format(
      "The roof is not measured but what {} can do at most: {} {} of {:.0f} operations a clock "
      "at {:.2f} GHz, {} TFLOP/s",
      escapedMarkup(machine.name), machine.multiprocessors,
      machine.isGpu() ? "multiprocessors" : "cores", peakFlopsPerClock(machine),
      machine.clockHz * 1e-9, numberText(peak));
  text += machine.isGpu() ? "." : "; 6.50 GHz stands for a clock that the system does not report.";
  if (clockMhz > 0)
    text +=
        fmt::format(" The dashed line is at the {:.0f} MHz at which the best was timed.", clockMhz);
  if (machine.memoryBytesPerSecond > 0)
    text +=
        fmt::format(" The slope is memory at {} GB/s: what lies left of it is served by caches.",
                    numberText(machine.memoryBytesPerSecond * 1e-9));
  return text;
}

struct Roofline {
  const Plot plot{.width = 560, .right = 15};
  Axis intensity, rate;

  double x(double flopsPerByte) const { return plot.x(intensity.share(flopsPerByte)); }
  double y(double teraflops) const { return plot.y(rate.share(teraflops)); }

  std::string roof(const MachineFacts &machine, double peak) const {
    double slope = machine.memoryBytesPerSecond * 1e-12, from = intensity.low();
    std::string path;
    if (slope > 0 && from * slope < peak) {
      // Both axes are logarithmic: the slope is straight, cut off where the plot ends.
      double begin = std::max(from, rate.low() / slope);
      double ridge = std::min(peak / slope, intensity.high());
      path = fmt::format("M{:.1f} {:.1f}L{:.1f} {:.1f}H{:.1f}", x(begin), y(begin * slope),
                         x(ridge), y(ridge * slope), plot.x(1));
    } else {
      path = fmt::format("M{:.1f} {:.1f}H{:.1f}", plot.x(0), y(peak), plot.x(1));
    }
    return fmt::format("<path class=\"roof\" d=\"{}\"/>\n"
                       "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">peak: {} TFLOP/s"
                       "</text>\n",
                       path, plot.x(1), y(peak) - 6, numberText(peak));
  }
};

} // namespace

std::string rooflinePart(const TunePageFacts &facts) {
  const std::vector<Standing> &standings = facts.search().standings;
  const MachineFacts &machine = facts.tuned.report.machine;
  std::vector<size_t> shown;
  for (size_t i = 0; i < standings.size(); ++i)
    if (facts.tileTeraflops(i))
      shown.push_back(i);
  if (shown.empty())
    return {};
  double peak = peakTeraflops(machine);
  double leastRate = *facts.tileTeraflops(shown.front()), mostRate = std::max(leastRate, peak);
  double leastX = facts.work[shown.front()]->flopsPerByte(), mostX = leastX;
  for (size_t i : shown) {
    leastRate = std::min(leastRate, *facts.tileTeraflops(i));
    mostRate = std::max(mostRate, *facts.tileTeraflops(i));
    leastX = std::min(leastX, facts.work[i]->flopsPerByte());
    mostX = std::max(mostX, facts.work[i]->flopsPerByte());
  }
  Roofline roofline{.intensity = Axis::logarithmic(leastX / 1.5, mostX * 1.5),
                    .rate = Axis::logarithmic(leastRate / 1.2, mostRate * 1.3)};
  const Plot &plot = roofline.plot;
  std::string svg = plot.frame("rates under the roof of the machine",
                               "operations on kept tiles for each byte that tiles load",
                               "TFLOP/s on kept tiles") +
                    plot.ticksX(roofline.intensity) + plot.ticksY(roofline.rate);
  double clockMhz = 0;
  if (peak > 0) {
    svg += roofline.roof(machine, peak);
    if (facts.search().winner && machine.clockHz > 0)
      clockMhz = standings[*facts.search().winner].clockMhz;
    if (clockMhz > 0)
      svg += fmt::format("<path class=\"roof\" stroke-dasharray=\"4 4\" d=\"M{:.1f} {:.1f}H{:.1f}\""
                         "/>\n",
                         plot.x(0), roofline.y(peak * clockMhz * 1e6 / machine.clockHz), plot.x(1));
  }
  std::string named; // over the other points
  for (size_t i : shown) {
    double x = roofline.x(facts.work[i]->flopsPerByte());
    double y = roofline.y(*facts.tileTeraflops(i));
    std::string_view role = facts.roleOf(i);
    std::string point = fmt::format(
        "<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{} TFLOP/s: {}</title>"
        "</circle>\n",
        role.starts_with("best") ? "best"
        : role.empty()           ? "candidate"
                                 : "default",
        x, y, role.empty() ? 3 : 5, numberText(*facts.tileTeraflops(i)),
        escapedMarkup(standings[i].candidate.schedule.text()));
    if (role.empty()) {
      svg += point;
      continue;
    }
    // The best is the upper one of the two: its name goes above, the other's below.
    bool isLeft = x > plot.x(0.8);
    named += point + fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n",
                                 x + (isLeft ? -9 : 9), y + (role == "default" ? 14 : -5),
                                 isLeft ? "end" : "start", role);
  }
  return "<figure>\n" + svg + named +
         fmt::format("</svg>\n<figcaption>Roofline: what is counted is the products of the tiles "
                     "that are computed{}. {}</figcaption>\n</figure>\n",
                     facts.search().complete ? "" : ", of the best and the default alone",
                     ceilingText(machine, peak, clockMhz));
}

} // namespace halftone::cli
