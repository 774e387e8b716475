#pragma once

#include "autotune/TrialRunner.h"

#include <functional>
#include <optional>

namespace halftone {

/// How much a search may spend: seconds, or candidates that are tried at all.
struct Budget {
  double seconds = 60;    ///< 0: no limit
  int64_t candidates = 0; ///< 0: no limit
};

/// A schedule and what the model says of it.
struct Candidate {
  Schedule schedule;
  double predictedMs = 0;
};

struct SearchOptions {
  Budget budget;
  uint64_t seed = 1;
  double nearTie = 0.02; ///< of the best: those are measured again, interleaved
  /// How the candidates to measure are chosen.
  enum class Method : uint8_t {
    Guided, ///< by the model, halving and moves
    Sweep,  ///< every one; then all within sweepNearTie of the best are raced
    Race,   ///< every one, and every one is raced; for a few
  } method = Method::Guided;
  double sweepNearTie = 0.05;
};

/// A candidate after the search.
struct Standing {
  Candidate candidate;
  Verdict verdict = Verdict::NotRun;
  std::string reason;
  /// Median of its last round; 0 where it has none. Of several devices: what the geometric mean
  /// over them would be, going by how the default fares on each.
  double milliseconds = 0;
  double spread = 0;
  int timings = 0;    ///< in all rounds together
  std::string round;  ///< the last it was in
  bool raced = false; ///< measured interleaved with the other finalists to the end
  uint32_t registers = 0, spillBytes = 0;
  double compileMs = 0;
  double clockMhz = 0; ///< of the device in its last round; 0 where unknown
  double foundAt = 0;  ///< seconds of the search when it was first measured
};

struct SearchResult {
  std::vector<Standing> standings; ///< all that were begun, in the order they were begun
  /// Positions in standings. The default is the first; a winner is there if anything was timed.
  std::optional<size_t> winner;
  double seconds = 0;
  double rankCorrelation = 0; ///< of predicted with measured times
  bool complete = true;       ///< false: interrupted
  std::string why;            ///< why the winner won, or why there is none: one sentence

  const Standing &standard() const { return standings.front(); }
};

/// Finds the fastest candidate; guided:
/// 1. the default is measured on every device, so that it is always in the race, and so that a
///    time on one device is only ever compared, as a multiple of the default's there, with others;
/// 2. candidates are screened in the order of the model, one in five picked by chance so that a
///    wrong model is found out, with few timings each, given up early where clearly slower;
/// 3. successive halving (Jamieson and Talwalkar, AISTATS 2016): the better third is measured
///    properly;
/// 4. local moves: neighbours of the best are measured until none is better;
/// 5. finalists within `nearTie` of the best, and the default, are measured again interleaved, on
///    every device; the best median wins, the default where it is as good.
/// Where time is short the default and the best so far are raced all the same, and the others as
/// far as the budget goes.
///
/// A sweep measures every candidate instead of steps 2 to 4, in the order of the model, to judge
/// what the guided search finds.
class Search {
public:
  using Neighbours = std::function<std::vector<Schedule>(const Schedule &)>;
  using Progress = std::function<void(const SearchResult &soFar)>;

  /// `candidates`: the default first; none twice.
  Search(std::vector<Candidate> candidates, Neighbours neighbours, SearchOptions options,
         TrialRunner &runner, Progress progress = {});

  SearchResult run();

private:
  struct Round {
    std::string name;
    int timings;
    double giveUp; ///< as a multiple of the best; 0: never
    double until;  ///< share of the seconds
  };
  double until(double share) const;
  int64_t left(double share) const;
  Standing &standingOf(const Schedule &schedule);
  double predictedOf(const Schedule &schedule) const;
  std::optional<size_t> best() const;
  std::vector<size_t> timedByTime() const;
  void measureStandard();
  void setPace(size_t device, const Outcome &outcome);
  double scaleOf(int ordinal) const;
  void take(const Trial &trial, const Outcome &outcome);
  void runRound(const Round &round, const std::vector<Schedule> &schedules);

  std::vector<Schedule> screenOrder();
  size_t atOnce(size_t aDevice) const { return aDevice * size_t(runner.devices()); }
  std::vector<Schedule> untriedNear(const Schedule &from) const;
  void screen();
  void halve();
  void move();
  void sweep();
  void measureAll();
  std::vector<size_t> finalists() const;
  struct Racing {
    std::string name;
    std::vector<size_t> entered;                         ///< positions in standings
    std::vector<std::vector<std::vector<double>>> times; ///< [finalist][device]
  };
  void takeTurns(Racing &racing, const std::vector<size_t> &order, int round, double latest);
  void dropLate(Racing &racing) const;
  /// False where a finalist turned out wrong, so that others must be raced.
  bool race(int attempt);
  void decide(const std::vector<size_t> &entered, const std::vector<double> &scores);
  void correlate();

  std::vector<Candidate> candidates;
  Neighbours neighbours;
  SearchOptions options;
  TrialRunner &runner;
  Progress progress;
  SearchResult result;
  /// The default's time on a device, 0 where it has none: times of two devices are compared as
  /// multiples of it.
  struct Pace {
    int ordinal = -1;
    double milliseconds = 0;
  };
  std::vector<Pace> paces; ///< by device
  double meanPace = 0;     ///< the geometric mean over the devices that have one
};

} // namespace halftone
