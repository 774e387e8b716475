#include "autotune/Race.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace halftone {

namespace {

constexpr int raceRounds = 5, raceTimings = 4;
constexpr size_t mostFinalists = 6, mostFinalistsOfSweep = 24;
/// What an interleaved race cannot tell apart: the default wins then.
constexpr double indistinguishable = 0.005;

/// The default and those near the best, the best of them before the others.
std::vector<size_t> finalistsOf(const SearchRounds &rounds) {
  const SearchResult &result = rounds.result;
  const SearchOptions &options = rounds.options;
  std::vector<size_t> timed = rounds.timedByTime(), entered;
  if (timed.empty())
    return entered;
  using Method = SearchOptions::Method;
  double tie = options.method == Method::Guided  ? options.nearTie
               : options.method == Method::Sweep ? options.sweepNearTie
                                                 : std::numeric_limits<double>::infinity();
  size_t most = options.method == Method::Guided  ? mostFinalists
                : options.method == Method::Sweep ? mostFinalistsOfSweep
                                                  : timed.size() + 1;
  double limit = result.standings[timed.front()].milliseconds * (1 + tie);
  if (isTimed(result.standard().verdict))
    entered.push_back(0);
  for (size_t at : timed)
    if (at != 0 && entered.size() < most && result.standings[at].milliseconds <= limit)
      entered.push_back(at);
  return entered;
}

} // namespace

Race::Race(SearchRounds &rounds, int attempt)
    : rounds(rounds), name(attempt == 1 ? "race " : "race again " + std::to_string(attempt) + "."),
      entered(finalistsOf(rounds)),
      times(entered.size(), std::vector<std::vector<double>>(size_t(rounds.runner.devices()))) {}

/// Measures finalists once more, in this order, on every device; none is begun later than `latest`.
void Race::takeTurns(const std::vector<size_t> &order, int round, double latest) {
  std::vector<Trial> trials;
  std::vector<size_t> whose;
  for (size_t finalist : order) {
    if (!isTimed(standingOf(finalist).verdict))
      continue;
    // The first round may be the last that there is time for.
    int missing = round == 1 ? enoughTimings - standingOf(finalist).timings : 0;
    for (int device = 0; device < rounds.runner.devices(); ++device) {
      trials.push_back({.schedule = standingOf(finalist).candidate.schedule,
                        .round = name + std::to_string(round),
                        .timings = std::max(raceTimings, missing),
                        .giveUpMs = 0,
                        .thorough = round == 1,
                        .sustained = true,
                        .device = device});
      whose.push_back(finalist);
    }
  }
  if (trials.empty())
    return;
  std::vector<Outcome> outcomes = rounds.runner.run(trials, latest);
  for (size_t i = 0; i < trials.size(); ++i) {
    rounds.take(trials[i], outcomes[i]);
    if (isTimed(outcomes[i].verdict)) {
      auto &all = times[whose[i]][size_t(trials[i].device)];
      all.insert(all.end(), outcomes[i].milliseconds.begin(), outcomes[i].milliseconds.end());
    }
  }
  rounds.report();
}

/// Leaves those out that the budget had no turn for.
void Race::dropLate() {
  std::vector<std::ptrdiff_t> ranOn;
  ranOn.reserve(times.size());
  for (const auto &mine : times)
    ranOn.push_back(std::count_if(mine.begin(), mine.end(),
                                  [](const std::vector<double> &one) { return !one.empty(); }));
  std::ptrdiff_t most = *std::max_element(ranOn.begin(), ranOn.end());
  std::vector<size_t> keptEntered;
  std::vector<std::vector<std::vector<double>>> keptTimes;
  for (size_t i = 0; i < entered.size(); ++i)
    if (ranOn[i] == most || !isTimed(standingOf(i).verdict)) {
      keptEntered.push_back(entered[i]);
      keptTimes.push_back(std::move(times[i]));
    }
  entered = std::move(keptEntered);
  times = std::move(keptTimes);
}

/// Of each finalist, over the devices that all of them ran on: the geometric mean of the medians. 0
/// for one that turned out wrong, and for all where there is no such device.
std::vector<double> Race::scores() const {
  std::vector<double> scores(entered.size(), 0);
  int counted = 0;
  for (size_t device = 0; device < size_t(rounds.runner.devices()); ++device) {
    bool everywhere = true;
    for (size_t i = 0; i < entered.size(); ++i)
      everywhere &= !isTimed(standingOf(i).verdict) || !times[i][device].empty();
    if (!everywhere)
      continue;
    ++counted;
    for (size_t i = 0; i < entered.size(); ++i)
      if (!times[i][device].empty())
        scores[i] += std::log(medianOf(times[i][device]));
  }
  for (size_t i = 0; i < entered.size(); ++i)
    scores[i] = counted && isTimed(standingOf(i).verdict) ? std::exp(scores[i] / counted) : 0;
  return scores;
}

bool Race::run() {
  if (entered.empty()) {
    decide({});
    return true;
  }
  TrialRunner &runner = rounds.runner;
  size_t count = entered.size();
  // The default and the best have a first turn even where the budget is spent: without it there is
  // no fair winner.
  size_t needed = std::min<size_t>(2, count);
  for (int round = 1; round <= raceRounds && !runner.ended(); ++round) {
    if (round > 1 && runner.elapsed() >= rounds.until(1))
      break;
    // Another one begins each round, so that none always runs after the same one.
    std::vector<size_t> first, others;
    for (size_t i = 0; i < count; ++i) {
      size_t finalist = (i + size_t(round) + size_t(rounds.options.seed % count)) % count;
      (round == 1 && finalist < needed ? first : others).push_back(finalist);
    }
    takeTurns(first, round, std::numeric_limits<double>::infinity());
    takeTurns(others, round, rounds.until(1));
  }
  if (runner.elapsed() >= rounds.until(1))
    dropLate();
  std::vector<double> scored = scores();
  for (size_t i = 0; i < entered.size(); ++i)
    if (scored[i] > 0) {
      Standing &standing = rounds.result.standings[entered[i]];
      standing.milliseconds = scored[i];
      standing.raced = true;
    }
  decide(scored);
  return std::all_of(entered.begin(), entered.end(),
                     [&](size_t at) { return isTimed(rounds.result.standings[at].verdict); });
}

void Race::decide(const std::vector<double> &scores) {
  SearchResult &result = rounds.result;
  std::optional<size_t> fastest;
  for (size_t i = 0; i < entered.size(); ++i)
    if (scores[i] > 0 && (!fastest || scores[i] < scores[*fastest]))
      fastest = i;
  if (!fastest) { // interrupted before the race: what has most timings is known best
    result.winner = rounds.best();
    if (result.winner) {
      result.why = "the fastest when the search was interrupted, not raced against the default";
    } else {
      result.why = result.standings.empty() ? "nothing was run" : "no candidate could be timed";
    }
    return;
  }
  result.winner = entered[*fastest];
  result.why = "the fastest of " + std::to_string(entered.size()) + " measured interleaved";
  if (entered.front() == 0 && scores.front() > 0 &&
      scores.front() <= scores[*fastest] * (1 + indistinguishable)) {
    result.winner = 0;
    result.why = "the default: nothing else is faster";
  }
}

} // namespace halftone
