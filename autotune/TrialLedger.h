#pragma once

#include "autotune/Journal.h"
#include "autotune/StopSignal.h"
#include "autotune/TrialBatch.h"
#include "autotune/WorkforceOptions.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace halftone {

/// What the threads of a workforce know together: the outcomes, each in the journal before it is
/// used, the clock of the search, and what ended it. Everything but isStopped() is called with the
/// mutex held.
class TrialLedger {
public:
  /// All three must outlive it.
  TrialLedger(const WorkforceOptions &options, Journal &journal, const StopSignal &stop);

  mutable std::mutex mutex;        ///< of this, and of what is shared besides
  std::condition_variable changed; ///< notified when a thread may find something new to do

  bool isStopped() const { return stop.isRaised(); }
  /// Whether nothing more is to be run.
  bool isOver() const { return isStopped() || !failed; }
  const Status &failure() const { return failed; }
  /// Ends the search with an error; the first one counts.
  void refuse(const Status &status);
  void note(const std::string &text);

  /// Seconds of the search, those of earlier processes included.
  double elapsed() const;
  /// From here on the clock runs: something is to be run that is not replayed.
  void startClock();
  /// Of all that was measured; 0 before.
  double bestMs() const { return best; }
  bool isKnownFault(const Schedule &schedule) const;

  /// Settles what the journal knows of a batch. Whether anything is left to run.
  bool replay(TrialBatch &batch);
  void begin(TrialBatch &batch, size_t at);
  /// A trial that was begun will be begun again, or not at all.
  void putBack(TrialBatch &batch, size_t at);
  void settle(TrialBatch &batch, size_t at, Outcome outcome);
  /// What has no outcome by now was left out by the clock, in later processes too.
  void end(const TrialBatch &batch);

private:
  using Clock = std::chrono::steady_clock;

  const WorkforceOptions &options;
  Journal &journal;
  const StopSignal &stop;
  Status failed;
  double best = 0;
  double replayedSeconds = 0; ///< what the journal's outcomes had taken
  bool live;                  ///< whether the clock runs: nothing is replayed any more
  Clock::time_point began;
};

} // namespace halftone
