#pragma once

#include "autotune/Search.h"
#include "autotune/Space.h"
#include "autotune/Workforce.h"

namespace halftone {

struct TuneOptions {
  Budget budget;
  uint64_t seed = 1;
  bool sweep = false; ///< measure every schedule of the space, whatever the model says
  /// Not empty: measure these and the default alone, and race them all.
  std::vector<Schedule> raced;
  bool coldCache = false; ///< flush the second-level cache before each timed launch
  std::string ptxas;      ///< as CompileOptions has it
  /// The program that becomes a worker, and its arguments: `halftone tune-worker`.
  std::vector<std::string> worker;
  std::vector<int> devices = {0};
  int compilers = 0; ///< 0: one for each processor that no device needs, at most 16 a device; the
                     ///< CPU target has 1
  Timeouts timeouts;

  std::string journal; ///< a file; empty: the search is not recorded
  bool resume = false; ///< go on from the journal
  bool force = false;  ///< also run what is known to hang

  std::function<void(const Trial &, const Outcome &)> onOutcome;
  std::function<void(const std::string &)> onNote;
};

struct TuneReport {
  SearchResult search;
  MachineFacts machine;
  size_t spaceSize = 0; ///< schedules that could have been tried
  std::vector<Space::Rejected> rejected;
  std::vector<int> trialsByDevice;
  std::vector<std::pair<int, std::string>> droppedDevices;
  size_t replayed = 0; ///< outcomes that the journal had
  double openingSeconds =
      0;          ///< until the devices were ready: inputs, and the answers to compare with
  Status trouble; ///< what ended the search early, other than the stop signal
};

/// Finds the fastest schedule for a problem on a target's devices. Whatever happens to a candidate,
/// a worker or a device is in the report; an error is returned only where no search could begin.
/// No winner in the report: nothing could be timed.
Result<TuneReport> tune(const Problem &problem, const Target &target, const TuneOptions &options,
                        StopSignal &stop);

} // namespace halftone
