#pragma once

#include "autotune/Trial.h"

namespace halftone {

/// Makes trials. A search decides what to try from what its runner says, and from nothing else: the
/// same answers give the same search.
class TrialRunner {
public:
  virtual ~TrialRunner() = default;

  /// Makes the trials, begun in their order, and returns when all have an outcome. None is begun
  /// later than `until` seconds of the search: those are NotRun.
  virtual std::vector<Outcome> run(const std::vector<Trial> &trials, double until) = 0;
  /// What is likely to be tried after the trials that run() is given next: it may be made ready
  /// meanwhile. No outcome depends on it.
  virtual void expect(const std::vector<Schedule> & /*schedules*/) {}
  /// Seconds of the search so far, those of earlier processes that it goes on from included.
  virtual double elapsed() const = 0;
  /// Whether someone asked to stop, or no device is left: nothing more will be run.
  virtual bool ended() const = 0;
  /// Devices that are measured on: at least 1.
  virtual int devices() const = 0;
};

} // namespace halftone
