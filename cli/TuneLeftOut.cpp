#include "cli/Markup.h"
#include "cli/SortableTable.h"
#include "cli/TunePageParts.h"

#include <algorithm>
#include <map>

namespace halftone::cli {
namespace {

/// Reasons of one limit that are listed; the others are counted.
constexpr size_t mostReasons = 20;

/// What has the same cause, with one schedule as the example.
struct Group {
  int count = 0;
  std::string example;

  void add(const Schedule &schedule) {
    if (++count == 1)
      example = schedule.text();
  }
};

std::string_view limitMeaning(Limit limit) {
  switch (limit) {
  case Limit::Shape:
    return "sizes that the instructions or the copies do not have";
  case Limit::SharedMemory:
    return "more shared memory than a block may have";
  case Limit::Registers:
    return "more registers than a thread has";
  case Limit::Target:
    return "nothing that this target can run for this problem";
  }
  return "";
}

std::string ofLimit(Limit limit, const std::vector<Space::Rejected> &rejected) {
  std::map<std::string, Group> reasons;
  int count = 0;
  for (const Space::Rejected &one : rejected)
    if (one.rejection.limit == limit) {
      reasons[one.rejection.reason].add(one.schedule);
      ++count;
    }
  if (count == 0)
    return {};
  std::vector<std::pair<std::string, Group>> sorted(reasons.begin(), reasons.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) {
    return std::pair(-a.second.count, a.first) < std::pair(-b.second.count, b.first);
  });
  std::string html =
      fmt::format("<details><summary><b>{}</b> by the limit <b>{}</b>: {}</summary>\n<ul>\n", count,
                  limitName(limit), limitMeaning(limit));
  int listed = 0;
  for (size_t i = 0; i < std::min(sorted.size(), mostReasons); ++i) {
    const auto &[reason, group] = sorted[i];
    html += fmt::format("<li>{} &times; {}, such as <code>{}</code></li>\n", group.count,
                        escapedMarkup(reason), escapedMarkup(group.example));
    listed += group.count;
  }
  if (listed < count)
    html += fmt::format("<li>{} for {} other reasons</li>\n", count - listed,
                        sorted.size() - mostReasons);
  return html + "</ul></details>\n";
}

std::string limitsOf(const std::vector<Space::Rejected> &rejected) {
  if (rejected.empty())
    return "<p>No combination of the knobs was rejected before it was tried.</p>\n";
  std::string html =
      fmt::format("<p>{} combinations of the knobs were rejected before they were tried:</p>\n",
                  rejected.size());
  for (Limit limit : {Limit::Shape, Limit::SharedMemory, Limit::Registers, Limit::Target})
    html += ofLimit(limit, rejected);
  return html;
}

std::string faultsOf(const std::vector<Standing> &standings) {
  std::map<std::pair<Verdict, std::string>, Group> faults;
  for (const Standing &standing : standings)
    if (!isTimed(standing.verdict))
      faults[{standing.verdict, standing.reason}].add(standing.candidate.schedule);
  if (faults.empty())
    return "<p>Every candidate that was begun gave the right result and was timed.</p>\n";
  const std::vector<SortableColumn> columns = {
      {"verdict", "", false},
      {"candidates", "with this verdict and reason"},
      {"reason", "", false},
      {"such as", "the first of them", false},
  };
  std::string html = "<p>Candidates that were begun, and have no time that counts:</p>\n" +
                     sortableHead(columns, std::nullopt);
  for (const auto &[fault, group] : faults)
    html +=
        fmt::format("<tr><td class=\"text {}\">{}</td>{}"
                    "<td class=\"text reason\">{}</td><td class=\"text\"><code>{}</code></td>"
                    "</tr>\n",
                    fault.first == Verdict::NotRun ? "unknown" : "fault", verdictName(fault.first),
                    numberCell(group.count, std::to_string(group.count)),
                    escapedMarkup(fault.second), escapedMarkup(group.example));
  return html + std::string(sortableEnd());
}

} // namespace

std::string leftOutPart(const TunePageFacts &facts) {
  const TuneReport &report = facts.tuned.report;
  std::string html = "<h2>What was left out, and why</h2>\n" + limitsOf(report.rejected);
  size_t begun = report.search.standings.size();
  if (begun < report.spaceSize)
    html += fmt::format("<p>{} of the {} schedules that could run were not begun: the model puts "
                        "them far behind, or the budget ended before their turn.</p>\n",
                        report.spaceSize - begun, report.spaceSize);
  html += faultsOf(report.search.standings);
  for (const auto &[device, reason] : report.droppedDevices)
    html += fmt::format("<p class=\"trouble\">Device {} was dropped: {}</p>\n", device,
                        escapedMarkup(reason));
  return html;
}

} // namespace halftone::cli
