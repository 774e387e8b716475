#include "autotune/Workforce.h"

#include "autotune/BatchRun.h"

namespace halftone {

Workforce::Workforce(WorkforceOptions given, Journal &journal, const StopSignal &stop)
    : options(std::move(given)), ledger(options, journal, stop), measuring(options, ledger, stop),
      compiling(options, ledger) {}

Result<std::unique_ptr<Workforce>> Workforce::start(WorkforceOptions options, Journal &journal,
                                                    StopSignal &stop) {
  std::unique_ptr<Workforce> workforce(new Workforce(std::move(options), journal, stop));
  if (Status status = workforce->measuring.open(journal); !status)
    return status.error();
  return workforce;
}

std::vector<Outcome> Workforce::run(const std::vector<Trial> &trials, double until) {
  TrialBatch batch(trials, until, ++batches);
  {
    std::lock_guard guard(ledger.mutex);
    if (!ledger.replay(batch)) {
      ledger.end(batch);
      return std::move(batch.outcomes);
    }
    ledger.startClock();
    batch.measurers = measuring.count();
    compiling.begin(batch);
    ledger.changed.notify_all();
  }
  BatchRun(batch, options.timeouts, ledger, compiling, measuring).run();
  std::lock_guard guard(ledger.mutex);
  compiling.end();
  ledger.end(batch);
  return std::move(batch.outcomes);
}

void Workforce::expect(const std::vector<Schedule> &schedules) {
  // Where compiling disturbs measuring, it is not done in vain.
  if (options.turns)
    return;
  std::lock_guard guard(ledger.mutex);
  compiling.expect(schedules);
}

double Workforce::elapsed() const {
  std::lock_guard guard(ledger.mutex);
  return ledger.elapsed();
}

bool Workforce::ended() const {
  std::lock_guard guard(ledger.mutex);
  return ledger.isOver();
}

Status Workforce::failure() const {
  std::lock_guard guard(ledger.mutex);
  return ledger.failure();
}

std::vector<int> Workforce::trialsByDevice() const {
  std::lock_guard guard(ledger.mutex);
  return measuring.trials();
}

std::vector<std::pair<int, std::string>> Workforce::dropped() const {
  std::lock_guard guard(ledger.mutex);
  return measuring.dropped();
}

} // namespace halftone
