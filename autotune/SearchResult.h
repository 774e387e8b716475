#pragma once

#include "autotune/Candidate.h"
#include "autotune/Trial.h"

#include <functional>
#include <optional>

namespace halftone {

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

/// Told what is known after each round.
using SearchProgress = std::function<void(const SearchResult &soFar)>;

} // namespace halftone
