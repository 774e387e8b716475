#pragma once

#include "autotune/DevicePaces.h"
#include "autotune/SearchOptions.h"
#include "autotune/SearchResult.h"
#include "autotune/TrialRunner.h"

namespace halftone {

/// Shares of the budget at which the stages of a search end.
constexpr double screenShare = 0.55, halvingShare = 0.7, movesShare = 0.88;

/// What all stages of a search work with: the candidates, what may still be spent, rounds of
/// trials, and what is known from them.
class SearchRounds {
public:
  struct Round {
    std::string name;
    int timings;
    double giveUp; ///< as a multiple of the best; 0: never
    double until;  ///< share of the seconds
  };

  SearchRounds(std::vector<Candidate> candidates, const SearchOptions &options, TrialRunner &runner,
               SearchProgress progress);

  const std::vector<Candidate> candidates; ///< the default first
  const SearchOptions options;
  TrialRunner &runner;
  SearchResult result;

  /// The default on every device.
  void measureStandard();
  /// Measures schedules, each on any device, and takes what comes of it.
  void run(const Round &round, const std::vector<Schedule> &schedules);
  void take(const Trial &trial, const Outcome &outcome);
  void report() const;

  /// Seconds of the search at which `share` of the budget is spent, so that a race is still
  /// possible.
  double until(double share) const;
  /// Candidates that may still be begun before `share` of the budget is spent.
  int64_t left(double share) const;
  /// Schedules of a round in which each device has so many.
  size_t atOnce(size_t aDevice) const { return aDevice * size_t(runner.devices()); }
  double predictedOf(const Schedule &schedule) const;
  bool isTried(const Schedule &schedule) const;
  const Schedule &scheduleAt(size_t at) const { return result.standings[at].candidate.schedule; }
  /// Those with a time, the fastest first.
  std::vector<size_t> timedByTime() const;
  std::optional<size_t> best() const;

private:
  Standing &standingOf(const Schedule &schedule);

  SearchProgress progress;
  DevicePaces paces;
};

} // namespace halftone
