#include "cli/HtmlPage.h"
#include "cli/Markup.h"
#include "cli/Plot.h"
#include "cli/TunePageParts.h"

#include <algorithm>
#include <cmath>

namespace halftone::cli {

std::string convergencePart(const TunePageFacts &facts) {
  const std::vector<Standing> &standings = facts.search().standings;
  std::vector<size_t> timed;
  double fastest = 0, slowest = 0;
  for (size_t i = 0; i < standings.size(); ++i) {
    if (!isTimed(standings[i].verdict))
      continue;
    timed.push_back(i);
    double time = standings[i].milliseconds;
    fastest = fastest == 0 ? time : std::min(fastest, time);
    slowest = std::max(slowest, time);
  }
  if (timed.empty())
    return {};
  std::sort(timed.begin(), timed.end(),
            [&](size_t a, size_t b) { return standings[a].foundAt < standings[b].foundAt; });

  const Plot plot{.width = 560, .right = 15};
  Axis seconds = Axis::linear(0, std::max(facts.search().seconds, 0.001));
  Axis milliseconds = Axis::spreading(fastest * 0.98, slowest * 1.02);
  std::string points, line;
  double best = 0;
  for (size_t i : timed) {
    const Standing &standing = standings[i];
    double x = plot.x(seconds.share(standing.foundAt));
    double y = plot.y(milliseconds.share(standing.milliseconds));
    bool isBest = facts.roleOf(i).starts_with("best");
    points += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\">"
                          "<title>{} ms after {:.1f} s: {}</title></circle>\n",
                          isBest ? "best" : "candidate", x, y, isBest ? 5 : 3,
                          numberText(standing.milliseconds), standing.foundAt,
                          escapedMarkup(standing.candidate.schedule.text()));
    if (best == 0)
      line = fmt::format("M{:.1f} {:.1f}", x, y);
    else if (standing.milliseconds < best)
      line += fmt::format("H{:.1f}V{:.1f}", x, y);
    best = best == 0 ? standing.milliseconds : std::min(best, standing.milliseconds);
  }
  line += fmt::format("H{:.1f}", plot.x(seconds.share(facts.search().seconds)));
  return "<figure>\n" + plot.frame("best time so far", "seconds of the search", "milliseconds") +
         plot.ticksX(seconds) + plot.ticksY(milliseconds) +
         fmt::format("<path class=\"bestLine\" d=\"{}\"/>\n", line) + points +
         "</svg>\n<figcaption>Convergence: the best so far. A dot is a candidate, at the second it "
         "was first timed and at the median of its last round.</figcaption>\n</figure>\n";
}

} // namespace halftone::cli
