#pragma once

#include "autotune/Trial.h"

#include <optional>

namespace halftone {

/// The trials of one call of Workforce::run() and how far each is, by position. All threads share
/// it: what changes is read and written with the ledger's mutex held.
struct TrialBatch {
  enum class State : uint8_t { Waiting, Taken, Done };
  struct Doubt {
    size_t device;
    Outcome fault;
  };

  const std::vector<Trial> &trials;
  double until;   ///< seconds of the search: none is begun later
  int64_t number; ///< the same in every process that goes on with the search
  std::vector<Outcome> outcomes;
  std::vector<State> states;
  std::vector<int> attempts;                ///< that a worker could not begin
  std::vector<std::optional<Doubt>> doubts; ///< a first fault that is not believed yet
  size_t measurers = 0;                     ///< threads that still measure

  TrialBatch(const std::vector<Trial> &trials, double until, int64_t number)
      : trials(trials), until(until), number(number), outcomes(trials.size()),
        states(trials.size(), State::Waiting), attempts(trials.size(), 0), doubts(trials.size()) {}
};

} // namespace halftone
