#include "autotune/TrialLedger.h"

#include <algorithm>

namespace halftone {

TrialLedger::TrialLedger(const WorkforceOptions &options, Journal &journal, const StopSignal &stop)
    : options(options), journal(journal), stop(stop), live(journal.recordedOutcomes() == 0),
      began(Clock::now()) {}

void TrialLedger::refuse(const Status &status) {
  if (failed)
    failed = status;
}

void TrialLedger::note(const std::string &text) {
  if (Status status = journal.note("note", text); !status)
    refuse(status);
  if (options.onNote)
    options.onNote(text);
}

double TrialLedger::elapsed() const {
  if (!live)
    return replayedSeconds;
  return replayedSeconds + std::chrono::duration<double>(Clock::now() - began).count();
}

void TrialLedger::startClock() {
  if (live)
    return;
  live = true;
  began = Clock::now();
}

bool TrialLedger::isKnownFault(const Schedule &schedule) const {
  return journal.knownFault(schedule).has_value();
}

bool TrialLedger::replay(TrialBatch &batch) {
  bool isEnded = journal.isBatchDone(batch.number), isLeft = false;
  for (size_t i = 0; i < batch.trials.size(); ++i) {
    const Trial &trial = batch.trials[i];
    if (std::optional<Outcome> known = journal.find(trial)) {
      batch.outcomes[i] = *known;
      batch.states[i] = TrialBatch::State::Done;
      if (!live)
        replayedSeconds = std::max(replayedSeconds, known->elapsed);
      if (known->verdict == Verdict::Measured && (best == 0 || known->medianMs < best))
        best = known->medianMs;
    } else if (isEnded) {
      batch.states[i] = TrialBatch::State::Done; // it was left out by the clock
    } else if (std::optional<std::string> reason = journal.knownFault(trial.schedule)) {
      Outcome outcome;
      outcome.verdict = Verdict::KnownFault;
      outcome.reason = *reason;
      settle(batch, i, outcome);
    } else {
      isLeft = true;
    }
  }
  return isLeft;
}

void TrialLedger::begin(TrialBatch &batch, size_t at) {
  batch.states[at] = TrialBatch::State::Taken;
  changed.notify_all();
  if (Status status = journal.begin(batch.trials[at]); !status)
    refuse(status);
}

void TrialLedger::putBack(TrialBatch &batch, size_t at) {
  batch.states[at] = TrialBatch::State::Waiting;
  if (Status status = journal.withdraw(batch.trials[at]); !status)
    refuse(status);
}

void TrialLedger::settle(TrialBatch &batch, size_t at, Outcome outcome) {
  outcome.elapsed = elapsed();
  summarise(outcome);
  if (outcome.verdict == Verdict::Measured && (best == 0 || outcome.medianMs < best))
    best = outcome.medianMs;
  batch.states[at] = TrialBatch::State::Done;
  if (outcome.verdict != Verdict::NotRun) {
    if (Status status = journal.record(batch.trials[at], outcome); !status)
      refuse(status);
    if (options.onOutcome)
      options.onOutcome(batch.trials[at], outcome);
  }
  batch.outcomes[at] = std::move(outcome);
  changed.notify_all();
}

void TrialLedger::end(const TrialBatch &batch) {
  if (isOver() || journal.isBatchDone(batch.number))
    return;
  if (Status status = journal.batchDone(batch.number); !status)
    refuse(status);
}

} // namespace halftone
