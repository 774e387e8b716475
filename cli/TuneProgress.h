#pragma once

#include "autotune/Search.h"
#include "cli/Console.h"

#include <chrono>
#include <set>

namespace halftone::cli {

/// Shows how a search goes on standard error: one line that changes on a terminal; else a line when
/// something happens: a new best, a fault, half a minute.
class TuneProgress {
public:
  TuneProgress(Console &console, const Budget &budget);
  ~TuneProgress();
  void outcome(const Trial &trial, const Outcome &outcome);
  void note(const std::string &text);

private:
  std::string state() const;
  void print(const std::string &line);
  void showState(bool evenIfRecent);

  Console &console;
  Budget budget;
  bool isTerminal;
  bool isShown = false; ///< a state that is to be overwritten
  std::set<std::string> candidates;
  double bestMs = 0, elapsed = 0;
  std::chrono::steady_clock::time_point shown;
};

} // namespace halftone::cli
