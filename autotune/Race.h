#pragma once

#include "autotune/SearchRounds.h"

namespace halftone {

/// One race: the default and the finalists are measured interleaved, on every device. The best
/// geometric mean of the medians wins, the default where it is as good.
class Race {
public:
  /// `attempt`: 1 for the first of a search.
  Race(SearchRounds &rounds, int attempt);

  /// Decides the winner. False where a finalist turned out wrong, so that others must be raced.
  bool run();

private:
  void takeTurns(const std::vector<size_t> &order, int round, double latest);
  void dropLate();
  std::vector<double> scores() const;
  void decide(const std::vector<double> &scores);
  const Standing &standingOf(size_t finalist) const {
    return rounds.result.standings[entered[finalist]];
  }

  SearchRounds &rounds;
  std::string name;
  std::vector<size_t> entered;                         ///< positions in standings, by finalist
  std::vector<std::vector<std::vector<double>>> times; ///< [finalist][device]
};

} // namespace halftone
