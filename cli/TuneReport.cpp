#include "cli/TuneReport.h"

#include "autotune/WorkerMessages.h"

#include <map>

namespace halftone::cli {

namespace {

nlohmann::ordered_json documentOf(const Standing &standing) {
  nlohmann::ordered_json document = {{"schedule", standing.candidate.schedule.text()},
                                     {"verdict", verdictName(standing.verdict)},
                                     {"milliseconds", standing.milliseconds},
                                     {"spread", standing.spread},
                                     {"timings", standing.timings},
                                     {"round", standing.round},
                                     {"raced", standing.raced},
                                     {"predictedMs", standing.candidate.predictedMs},
                                     {"registers", standing.registers},
                                     {"spillBytes", standing.spillBytes},
                                     {"compileMs", standing.compileMs},
                                     {"foundAt", standing.foundAt}};
  if (!standing.reason.empty())
    document["reason"] = standing.reason;
  return document;
}

/// "37 timed, 4 slow, 1 hang".
std::string verdictsText(const SearchResult &search) {
  std::map<Verdict, int> counts;
  for (const Standing &standing : search.standings)
    ++counts[standing.verdict];
  std::string text;
  for (auto [verdict, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, verdictName(verdict));
  return text;
}

std::map<std::string, int> rejectedByLimit(const TuneReport &report) {
  std::map<std::string, int> counts;
  for (const Space::Rejected &rejected : report.rejected)
    ++counts[std::string(limitName(rejected.rejection.limit))];
  return counts;
}

} // namespace

void reportTuned(Console &console, const ChosenProblem &chosen, const Target &target,
                 const Tuned &tuned) {
  const TuneReport &report = tuned.report;
  const SearchResult &search = report.search;
  const AttentionShape &shape = chosen.problem.shape();
  auto &document = console.document;
  document = {{"problem", chosen.problem.text()},
              {"pattern", chosen.name},
              {"target", target.name},
              {"device", report.machine.name},
              {"machine", factsDocument(report.machine)},
              {"openingSeconds", report.openingSeconds},
              {"seconds", search.seconds},
              {"complete", search.complete},
              {"why", search.why},
              {"spaceSize", report.spaceSize},
              {"rejected", rejectedByLimit(report)},
              {"rankCorrelation", search.rankCorrelation},
              {"replayed", report.replayed},
              {"trialsByDevice", report.trialsByDevice}};
  auto &candidates = document["candidates"] = nlohmann::ordered_json::array();
  for (const Standing &standing : search.standings)
    candidates.push_back(documentOf(standing));
  auto &dropped = document["droppedDevices"] = nlohmann::ordered_json::array();
  for (const auto &[device, reason] : report.droppedDevices)
    dropped.push_back({{"device", device}, {"reason", reason}});
  if (!tuned.journal.empty())
    document["journal"] = tuned.journal;

  console.line("problem  {}: {} tokens, {} heads, head dim {}, {}", chosen.name,
               chosen.problem.query().tokenCount(), shape.heads, shape.headDim,
               elementName(shape.element));
  console.line("target   {} on {}", target.name, report.machine.name);
  console.line("tried    {} of {} schedules in {:.1f} s: {}", search.standings.size(),
               report.spaceSize, search.seconds, verdictsText(search));
  if (search.winner) {
    const Standing &best = search.standings[*search.winner], &standard = search.standard();
    document["best"] = documentOf(best);
    console.line("best     {}", best.candidate.schedule.text());
    console.line("         {:.4g} ms, {}", best.milliseconds, search.why);
    if (standard.milliseconds > 0) {
      document["overDefault"] = standard.milliseconds / best.milliseconds;
      console.line("default  {}", standard.candidate.schedule.text());
      console.line("         {:.4g} ms; the best is {:.3f} times as fast", standard.milliseconds,
                   standard.milliseconds / best.milliseconds);
    }
    if (tuned.denseMs) {
      document["denseMs"] = *tuned.denseMs;
      document["overDense"] = *tuned.denseMs / best.milliseconds;
      console.line("dense    {:.4g} ms; the best is {:.2f} times as fast", *tuned.denseMs,
                   *tuned.denseMs / best.milliseconds);
    } else if (!tuned.denseTrouble.empty()) {
      document["denseTrouble"] = tuned.denseTrouble;
      console.line("dense    {}", tuned.denseTrouble);
    }
    console.line("model    its order agrees with the measured one by {:.2f} (rank correlation)",
                 search.rankCorrelation);
  }
  if (!tuned.kept.empty()) {
    document["kept"] = tuned.kept;
    console.line("kept     {}", tuned.kept);
  }
  if (!tuned.journal.empty())
    console.line("journal  {}", tuned.journal);
}

} // namespace halftone::cli
