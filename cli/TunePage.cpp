#include "cli/TunePage.h"

#include "autotune/Configuration.h"
#include "cli/HtmlPage.h"
#include "cli/Markup.h"
#include "cli/SortableTable.h"
#include "cli/TunePageParts.h"

#include <map>

namespace halftone::cli {

std::string_view TunePageFacts::roleOf(size_t standing) const {
  bool isBest = search().winner == standing;
  if (standing == 0)
    return isBest ? "best, default" : "default";
  return isBest ? "best" : "";
}

namespace {

constexpr std::string_view style = R"(
body { max-width: 90em; }
.cards { display: flex; flex-wrap: wrap; gap: .8em; margin: 1em 0; }
.cards div { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .6em 1em; }
.cards b { display: block; font-size: 1.5em; font-weight: 600; }
.cards span { color: var(--faint); font-size: .9em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2em 1em; margin: 1em 0; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30em, 100%), 1fr)); gap: 1.5em; }
figure { margin: 0; }
figcaption { color: var(--faint); font-size: .9em; max-width: 44em; }
figure img.mask { width: 320px; height: auto; max-width: 100%; margin: .6em 0; }
svg .bar { fill: var(--accent); }
svg .bestLine { fill: none; stroke: var(--accent); stroke-width: 2; }
svg .roof { fill: none; stroke: var(--bad); stroke-width: 1.5; }
svg .candidate { fill: var(--faint); fill-opacity: .6; }
svg .default { fill: var(--back); stroke: var(--text); stroke-width: 1.5; }
svg .best { fill: var(--accent); stroke: var(--back); }
.knobs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22em, 100%), 1fr)); gap: 1em; }
.knob { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .8em 1em; }
.knob h3 { margin: 0; font-size: 1em; }
.knob p { margin: .2em 0 .5em; color: var(--faint); font-size: .85em; }
.knob table { width: 100%; font-size: 13px; }
.knob th { font-weight: normal; color: var(--faint); vertical-align: bottom; }
.knob th:nth-child(2) { text-align: left; }
.knob td.track { width: 60%; }
.knob td.track div { background: var(--accent); height: .8em; border-radius: 2px; }
.winner td { background: var(--panel); font-weight: 600; }
.sortable td.reason:not(:empty) { white-space: normal; min-width: 14em; }
.fault, .trouble { color: var(--bad); }
.unknown { color: var(--faint); }
details { margin: .5em 0; }
summary { cursor: pointer; }
)";

std::string card(const std::string &value, std::string_view meaning) {
  return fmt::format("<div><b>{}</b><span>{}</span></div>\n", value, meaning);
}

std::string entry(std::string_view name, std::string_view text) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, escapedMarkup(text));
}

std::string cards(const TunePageFacts &facts) {
  const SearchResult &search = facts.search();
  std::string html = "<div class=\"cards\">\n";
  if (search.winner) {
    const Standing &best = search.standings[*search.winner];
    html += card(numberText(best.milliseconds) + " ms", "the best");
    if (double standard = search.standard().milliseconds; standard > 0)
      html += card(fmt::format("{:.2f}&times;", standard / best.milliseconds),
                   "as fast as the default");
    if (facts.tuned.denseMs)
      html += card(fmt::format("{:.2f}&times;", *facts.tuned.denseMs / best.milliseconds),
                   "as fast as the dense pattern");
    if (std::optional<double> rate = facts.tileTeraflops(*search.winner)) {
      double peak = peakTeraflops(facts.tuned.report.machine);
      html += card(numberText(*rate) + " TFLOP/s",
                   peak > 0 ? fmt::format("on kept tiles, {:.0f}% of the roof", 100 * *rate / peak)
                            : "on kept tiles");
    }
  }
  html += card(fmt::format("{} of {}", search.standings.size(), facts.tuned.report.spaceSize),
               "schedules tried");
  html += card(fmt::format("{:.1f} s", search.seconds), "of searching");
  return html + "</div>\n";
}

std::string summary(const TunePageFacts &facts, std::string_view settings) {
  const SearchResult &search = facts.search();
  const Problem &problem = facts.chosen.problem;
  const AttentionShape &shape = problem.shape();
  std::string html = cards(facts);
  if (!search.winner)
    html += fmt::format("<p class=\"trouble\">There is no winner: {}.</p>\n",
                        escapedMarkup(search.why));
  if (!search.complete)
    html += "<p class=\"trouble\">The search was interrupted: this is what it had so far.</p>\n";
  if (!facts.tuned.report.trouble)
    html += fmt::format("<p class=\"trouble\">The search ended early: {}</p>\n",
                        escapedMarkup(facts.tuned.report.trouble.error().text()));
  html += "<dl>\n";
  if (search.winner) {
    html += entry("best", search.standings[*search.winner].candidate.schedule.text());
    html += entry("why", search.why);
    html += entry("default", search.standard().candidate.schedule.text());
  }
  html += entry("sizes",
                fmt::format("{} queries, {} keys, {} heads of {} key/value heads, head "
                            "dim {}, {}",
                            problem.query().tokenCount(), problem.key().tokenCount(), shape.heads,
                            problem.kvHeads(), shape.headDim, elementName(shape.element)));
  html += entry("problem", problem.text());
  html +=
      entry("target", fmt::format("{} on {}", facts.target.name, facts.tuned.report.machine.name));
  html += entry("searched", settings);
  if (facts.tuned.denseMs)
    html += entry("dense",
                  fmt::format("{} ms with its default schedule", numberText(*facts.tuned.denseMs)));
  else if (!facts.tuned.denseTrouble.empty())
    html += entry("dense", facts.tuned.denseTrouble);
  if (search.winner)
    html += entry("model", fmt::format("its order agrees with the measured one by {:.2f} (rank "
                                       "correlation)",
                                       search.rankCorrelation));
  if (!facts.tuned.journal.empty())
    html += entry("journal", facts.tuned.journal);
  return html + entry("written", timeNow()) + "</dl>\n";
}

/// The plan of each standing's tiles; the order and what only machine code sees do not change them.
/// After an interruption of the best and the default alone: a plan of the longest videos takes a
/// tenth of a second, and somebody waits for the end.
std::vector<std::optional<TileWork>> workOf(const Problem &problem, const SearchResult &search) {
  std::map<std::string, std::optional<TileWork>> known;
  std::vector<std::optional<TileWork>> work;
  for (size_t i = 0; i < search.standings.size(); ++i) {
    const Standing &standing = search.standings[i];
    if (!isTimed(standing.verdict) || (!search.complete && i != 0 && search.winner != i)) {
      work.emplace_back();
      continue;
    }
    Schedule tiles;
    tiles.tileQ = standing.candidate.schedule.tileQ;
    tiles.tileK = standing.candidate.schedule.tileK;
    tiles.gather = standing.candidate.schedule.gather;
    tiles.order = WorkOrder::Natural;
    auto [found, isNew] = known.try_emplace(tiles.text());
    if (isNew)
      if (Result<TileWork> planned = tileWork(problem, tiles))
        found->second = *planned;
    work.push_back(found->second);
  }
  return work;
}

} // namespace

Result<std::string> tunePage(const ChosenProblem &chosen, const Target &target, const Tuned &tuned,
                             std::string_view settings) {
  TunePageFacts facts{chosen, target, tuned, workOf(chosen.problem, tuned.report.search)};
  BlockMask mask = chosen.blockMask(0, 0);
  Result<std::string> picture = maskImage(mask, chosen.name);
  if (!picture)
    return picture;
  std::string page = pageHead(fmt::format("Tuning of {}", chosen.name),
                              std::string(style) + std::string(sortableStyle()));
  page += summary(facts, settings);
  page += fmt::format("<h2>The mask</h2>\n<div class=\"figures\">\n<figure>\n{}\n<figcaption>Rows "
                      "are queries, columns keys, a block {} tokens{}. Dark is kept: {:.2f}% of "
                      "the blocks.</figcaption>\n</figure>\n",
                      *picture, mask.block,
                      chosen.problem.shape().heads > 1 ? "; of the first head" : "",
                      100 * double(mask.keptBlocks()) / double(mask.queryBlocks * mask.keyBlocks));
  page += densityPart(mask, chosen.problem) + "</div>\n";
  if (std::string convergence = convergencePart(facts); !convergence.empty())
    page += "<h2>The search</h2>\n<div class=\"figures\">\n" + convergence + rooflinePart(facts) +
            "</div>\n";
  page += knobsPart(facts) + candidatesPart(facts) + leftOutPart(facts);
  return page + std::string(sortableScript()) + "</body>\n</html>\n";
}

} // namespace halftone::cli
