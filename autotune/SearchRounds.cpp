#include "autotune/SearchRounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace halftone {

namespace {

/// What a first turn of a race takes, in launches: warming up, verifying, timing, and comparing on
/// the host.
constexpr double launchesOfTurn = 18;

} // namespace

SearchRounds::SearchRounds(std::vector<Candidate> candidates, const SearchOptions &options,
                           TrialRunner &runner, SearchProgress progress)
    : candidates(std::move(candidates)), options(options), runner(runner),
      progress(std::move(progress)), paces(size_t(runner.devices())) {}

double SearchRounds::until(double share) const {
  if (options.budget.seconds <= 0)
    return std::numeric_limits<double>::infinity();
  double end = options.budget.seconds;
  if (share >= 1 || result.standings.empty())
    return share * end;
  // Where a launch is long, the race needs more: the default and the best, each verified and timed.
  double turn = launchesOfTurn * result.standard().milliseconds / 1000;
  return std::min(share * end, std::max(end / 2, end - 2 * turn));
}

int64_t SearchRounds::left(double share) const {
  if (!options.budget.candidates)
    return std::numeric_limits<int64_t>::max();
  auto allowed = int64_t(std::ceil(share * double(options.budget.candidates)));
  return std::max<int64_t>(0, allowed - int64_t(result.standings.size()));
}

double SearchRounds::predictedOf(const Schedule &schedule) const {
  for (const Candidate &candidate : candidates)
    if (candidate.schedule == schedule)
      return candidate.predictedMs;
  return 0;
}

bool SearchRounds::isTried(const Schedule &schedule) const {
  return std::any_of(result.standings.begin(), result.standings.end(),
                     [&](const Standing &one) { return one.candidate.schedule == schedule; });
}

Standing &SearchRounds::standingOf(const Schedule &schedule) {
  for (Standing &standing : result.standings)
    if (standing.candidate.schedule == schedule)
      return standing;
  Standing standing;
  standing.candidate = {schedule, predictedOf(schedule)};
  result.standings.push_back(std::move(standing));
  return result.standings.back();
}

std::vector<size_t> SearchRounds::timedByTime() const {
  std::vector<size_t> timed;
  for (size_t i = 0; i < result.standings.size(); ++i)
    if (isTimed(result.standings[i].verdict))
      timed.push_back(i);
  std::sort(timed.begin(), timed.end(), [&](size_t a, size_t b) {
    return std::pair(result.standings[a].milliseconds, a) <
           std::pair(result.standings[b].milliseconds, b);
  });
  return timed;
}

std::optional<size_t> SearchRounds::best() const {
  std::vector<size_t> timed = timedByTime();
  return timed.empty() ? std::nullopt : std::optional(timed.front());
}

void SearchRounds::report() const {
  if (progress)
    progress(result);
}

/// One where it fails although it runs on another is asked again: by then the runner may have
/// dropped it, and without a pace its times say nothing.
void SearchRounds::measureStandard() {
  constexpr int mostTries = 3;
  for (int number = 1; number <= mostTries && !runner.ended(); ++number) {
    std::vector<Trial> trials;
    std::vector<size_t> where;
    for (size_t device = 0; device < paces.devices(); ++device) {
      if (paces.isKnown(device))
        continue;
      trials.push_back({.schedule = candidates.front().schedule,
                        .round = number == 1 ? "default" : "default " + std::to_string(number),
                        .timings = enoughTimings,
                        .giveUpMs = 0,
                        .thorough = false,
                        .device = paces.devices() > 1 ? int(device) : -1});
      where.push_back(device);
    }
    if (trials.empty())
      break;
    std::vector<Outcome> outcomes = runner.run(trials, std::numeric_limits<double>::infinity());
    for (size_t i = 0; i < trials.size(); ++i)
      paces.set(where[i], outcomes[i]);
    for (size_t i = 0; i < trials.size(); ++i)
      take(trials[i], outcomes[i]);
    if (!paces.isAnyKnown())
      break;
  }
  if (result.standings.empty())
    standingOf(candidates.front().schedule);
  report();
}

void SearchRounds::take(const Trial &trial, const Outcome &outcome) {
  if (outcome.verdict == Verdict::NotRun)
    return;
  Standing &standing = standingOf(trial.schedule);
  // A fault in any round is a fault: no time before it or after it counts.
  if (standing.verdict != Verdict::NotRun && !isTimed(standing.verdict))
    return;
  if (isTimed(outcome.verdict)) {
    standing.milliseconds = outcome.medianMs * paces.scaleOf(outcome.device);
    standing.spread = outcome.spread;
    standing.clockMhz = outcome.clockMhz;
    if (standing.timings == 0)
      standing.foundAt = outcome.elapsed;
  }
  standing.verdict = outcome.verdict;
  standing.reason = outcome.reason;
  standing.round = trial.round;
  standing.timings += int(outcome.milliseconds.size());
  if (outcome.compileMs > 0) {
    standing.registers = outcome.registers;
    standing.spillBytes = outcome.spillBytes;
    standing.compileMs = outcome.compileMs;
  }
}

void SearchRounds::run(const Round &round, const std::vector<Schedule> &schedules) {
  if (schedules.empty() || runner.ended())
    return;
  std::optional<size_t> leader = best();
  double giveUp =
      round.giveUp && leader ? round.giveUp * result.standings[*leader].milliseconds : 0;
  std::vector<double> relative = paces.relative();
  std::vector<Trial> trials;
  trials.reserve(schedules.size());
  for (const Schedule &schedule : schedules)
    trials.push_back({.schedule = schedule,
                      .round = round.name,
                      .timings = round.timings,
                      .giveUpMs = giveUp,
                      .thorough = false,
                      .device = -1,
                      .paces = relative});
  std::vector<Outcome> outcomes = runner.run(trials, until(round.until));
  for (size_t i = 0; i < trials.size(); ++i)
    take(trials[i], outcomes[i]);
  report();
}

} // namespace halftone
