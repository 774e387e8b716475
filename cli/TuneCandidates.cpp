#include "cli/HtmlPage.h"
#include "cli/Markup.h"
#include "cli/SortableTable.h"
#include "cli/TunePageParts.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace halftone::cli {
namespace {

std::vector<SortableColumn> columnsOf(const std::vector<Knob> &knobs, bool isGpu) {
  std::vector<SortableColumn> columns = {{"#", "in the order in which they were begun"}};
  for (const Knob &knob : knobs)
    columns.push_back({std::string(knob.name), std::string(knob.meaning), knob.name != "order"});
  columns.push_back({"verdict", "what came of it", false});
  columns.push_back({"median ms", "of its last round"});
  columns.push_back({"spread %", "of the middle half of the timings, over the median"});
  columns.push_back({"TFLOP/s", "on the tiles that are computed"});
  columns.push_back({"predicted ms", "by the model, which orders and never decides"});
  columns.push_back({"compile ms", ""});
  if (isGpu) {
    columns.push_back({"registers", "of a thread"});
    columns.push_back({"spills", "bytes of a thread that did not fit into registers"});
  }
  columns.push_back({"timings", "in all rounds together"});
  columns.push_back({"round", "the last it was in", false});
  columns.push_back({"found s", "seconds of the search when it was first timed"});
  columns.push_back({"reason", "why it was not measured to the end", false});
  return columns;
}

std::string cellIf(bool known, double value, const std::string &text) {
  return known ? numberCell(value, text) : std::string(emptyCell());
}

/// The timed ones by time, then the others as they were begun.
std::vector<size_t> byTime(const std::vector<Standing> &standings) {
  std::vector<size_t> order(standings.size());
  std::iota(order.begin(), order.end(), 0);
  auto keyOf = [&](size_t at) {
    bool timed = isTimed(standings[at].verdict);
    return std::tuple(!timed, timed ? standings[at].milliseconds : 0, at);
  };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return keyOf(a) < keyOf(b); });
  return order;
}

std::string rowOf(const TunePageFacts &facts, const std::vector<Knob> &knobs, size_t at) {
  const Standing &standing = facts.search().standings[at];
  bool timed = isTimed(standing.verdict), compiled = standing.compileMs > 0;
  std::string_view role = facts.roleOf(at);
  std::string html = fmt::format("<tr{}>", role.starts_with("best") ? " class=\"winner\"" : "");
  html += numberCell(double(at + 1), std::to_string(at + 1));
  for (const Knob &knob : knobs) {
    std::string text = knobText(knob, standing.candidate.schedule);
    html += knob.name == "order" ? textCell(text)
                                 : numberCell(knob.get(standing.candidate.schedule), text);
  }
  html += fmt::format("<td class=\"text{}\">{}{}</td>",
                      timed                                 ? ""
                      : standing.verdict == Verdict::NotRun ? " unknown"
                                                            : " fault",
                      verdictName(standing.verdict),
                      role.empty() ? "" : fmt::format(" <b>{}</b>", role));
  html += cellIf(timed, standing.milliseconds, numberText(standing.milliseconds));
  html += cellIf(timed, standing.spread, fmt::format("{:.1f}", 100 * standing.spread));
  std::optional<double> rate = facts.tileTeraflops(at);
  html += cellIf(rate.has_value(), rate.value_or(0), numberText(rate.value_or(0)));
  html += cellIf(standing.candidate.predictedMs > 0, standing.candidate.predictedMs,
                 numberText(standing.candidate.predictedMs));
  html += cellIf(compiled, standing.compileMs, fmt::format("{:.0f}", standing.compileMs));
  if (facts.target.isGpu()) {
    html += cellIf(compiled, standing.registers, std::to_string(standing.registers));
    html += cellIf(compiled, standing.spillBytes, std::to_string(standing.spillBytes));
  }
  html += numberCell(standing.timings, std::to_string(standing.timings));
  html += textCell(standing.round);
  html += cellIf(timed, standing.foundAt, fmt::format("{:.1f}", standing.foundAt));
  return html +
         fmt::format("<td class=\"text reason\">{}</td></tr>\n", escapedMarkup(standing.reason));
}

} // namespace

std::string candidatesPart(const TunePageFacts &facts) {
  const std::vector<Standing> &standings = facts.search().standings;
  if (standings.empty())
    return {};
  std::vector<Knob> knobs = knobsOf(facts.target);
  std::vector<SortableColumn> columns = columnsOf(knobs, facts.target.isGpu());
  auto median = std::find_if(columns.begin(), columns.end(), [](const SortableColumn &column) {
    return column.name == "median ms";
  });
  std::string html =
      "<h2>All candidates</h2>\n<p>A header sorts by its column, pressed again the other way "
      "round. Times of different rounds are of different moments: the best is who won the race, in "
      "which the finalists were timed in turns.</p>\n" +
      sortableHead(columns, size_t(median - columns.begin()));
  for (size_t at : byTime(standings))
    html += rowOf(facts, knobs, at);
  return html + std::string(sortableEnd());
}

} // namespace halftone::cli
