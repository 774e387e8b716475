#include "autotune/BatchRun.h"

#include <algorithm>

namespace halftone {

namespace {

using namespace std::chrono_literals;

/// Launches of a measurement besides those that are timed: to warm up and to verify.
constexpr int otherLaunches = 6;

/// Whether a device that breaks, or a worker that someone kills, looks like this too. A wrong
/// result does not: a kernel that is wrong now and then must not come through by a second try. Nor
/// is what hangs run twice.
bool mayBeTheDevice(Verdict verdict) {
  switch (verdict) {
  case Verdict::IllegalAddress:
  case Verdict::Misaligned:
  case Verdict::Assert:
  case Verdict::LaunchFailed:
  case Verdict::OutOfMemory:
  case Verdict::WorkerDied:
    return true;
  default:
    return false;
  }
}

} // namespace

void BatchRun::run() {
  std::vector<std::thread> threads;
  threads.reserve(devices.count());
  for (size_t device = 0; device < devices.count(); ++device)
    threads.emplace_back([&, device] { measureAll(device); });
  for (std::thread &thread : threads)
    thread.join();
}

/// Whether `device` may run a trial that waits: the one that it is for, any where it is for any,
/// and after a first fault one that it did not fail on, as long as there is one.
bool BatchRun::mayRun(size_t at, size_t device) const {
  if (batch.doubts[at])
    return batch.doubts[at]->device != device || devices.left() == 1;
  int wanted = batch.trials[at].device;
  return wanted < 0 || size_t(wanted) == device;
}

/// Whether a trial may still be for any device: what another one has at hand may come back.
bool BatchRun::mayComeUp(size_t at) const {
  if (batch.states[at] == TrialBatch::State::Done)
    return false;
  int wanted = batch.trials[at].device;
  return wanted < 0 || batch.doubts[at] || !devices.isDropped(size_t(wanted));
}

/// One device's thread: takes the first trial that is compiled.
void BatchRun::measureAll(size_t device) {
  std::unique_lock guard(ledger.mutex);
  while (true) {
    if (ledger.isOver() || devices.isDropped(device) || ledger.elapsed() >= batch.until)
      break;
    bool isAnyLeft = false;
    size_t next = batch.trials.size();
    for (size_t i = 0; i < batch.trials.size() && next == batch.trials.size(); ++i) {
      isAnyLeft |= mayComeUp(i);
      if (batch.states[i] == TrialBatch::State::Waiting && mayRun(i, device) &&
          compilers.compiled(batch.trials[i].schedule).state ==
              CompilerLanes::Compiled::State::Ready)
        next = i;
    }
    if (!isAnyLeft)
      break;
    if (next == batch.trials.size()) {
      ledger.changed.wait_for(guard, 50ms);
      continue;
    }

    ledger.begin(batch, next);
    guard.unlock();
    Outcome outcome = measure(next, device);
    // A fault is the candidate's where a new worker can be had, and the device's where not.
    Result<MachineFacts> ready = MachineFacts();
    for (int attempt = 0; attempt < 2 && !isTimed(outcome.verdict) && !ledger.isStopped();
         ++attempt) {
      ready = devices.worker(device).ready();
      if (ready)
        break;
    }
    guard.lock();
    conclude(next, device, std::move(outcome), ready ? Status() : Status(ready.error()));
  }
  if (devices.isDropped(device))
    devices.worker(device).close();
  --batch.measurers;
  ledger.changed.notify_all();
}

/// Called without the mutex.
Outcome BatchRun::measure(size_t at, size_t device) {
  const Trial &trial = batch.trials[at];
  Outcome outcome;
  outcome.device = devices.ordinal(device);
  MeasureOrder order{.schedule = trial.schedule,
                     .image = {},
                     .timings = trial.timings,
                     .giveUpMs = trial.giveUpMs * (trial.paces.empty() ? 1 : trial.paces[device]),
                     .thorough = trial.thorough,
                     .sustained = trial.sustained};
  double seconds = 0;
  {
    std::lock_guard guard(ledger.mutex);
    const CompilerLanes::Compiled &compiled = compilers.compiled(trial.schedule);
    order.image = compiled.image;
    outcome.registers = compiled.report.registers;
    outcome.spillBytes = compiled.report.spillBytes;
    outcome.compileMs = compiled.report.compileMs;
    seconds = secondsFor(trial);
  }
  std::unique_lock<std::mutex> turned = compilers.takeTurn();
  WorkerLane &worker = devices.worker(device);
  if (Result<MachineFacts> ready = worker.ready(); !ready) {
    outcome.reason = ready.error().text();
    return outcome;
  }
  MeasureReport report = worker.measure(order, seconds);
  outcome.verdict = report.verdict;
  outcome.reason = std::move(report.reason);
  outcome.milliseconds = std::move(report.milliseconds);
  outcome.clockMhz = report.clockMhz;
  outcome.watts = report.watts;
  return outcome;
}

double BatchRun::secondsFor(const Trial &trial) const {
  if (ledger.bestMs() == 0)
    return timeouts.firstMeasure;
  return std::max(timeouts.measure,
                  20 * ledger.bestMs() / 1000 * double(trial.timings + otherLaunches));
}

/// Called when a trial came back; `worker`: whether its device still is of use.
void BatchRun::conclude(size_t at, size_t device, Outcome outcome, const Status &worker) {
  constexpr int mostAttempts = 2; // of a worker that cannot begin
  bool isRun = outcome.verdict != Verdict::NotRun;
  bool isFault = isRun && !isTimed(outcome.verdict);
  std::optional<TrialBatch::Doubt> &doubt = batch.doubts[at];
  if (ledger.isStopped() && !isRun) {
    ledger.putBack(batch, at);
    batch.states[at] = TrialBatch::State::Done;
  } else if (!isRun && ++batch.attempts[at] > mostAttempts) {
    outcome.verdict = Verdict::WorkerDied;
    ledger.settle(batch, at, std::move(outcome));
  } else if (!isRun || (isFault && devices.isDropped(device))) {
    ledger.putBack(batch, at);
  } else if (isFault && !doubt &&
             (!worker || outcome.verdict == Verdict::WorkerDied ||
              (mayBeTheDevice(outcome.verdict) && devices.left() > 1))) {
    doubt = TrialBatch::Doubt{device, std::move(outcome)};
    ledger.putBack(batch, at);
  } else if (!isFault && doubt && doubt->device != device && batch.trials[at].device >= 0) {
    // It was to run on the other device, and what it took here is no answer.
    ledger.putBack(batch, at);
    batch.states[at] = TrialBatch::State::Done;
    devices.clear(doubt->device, doubt->fault);
  } else {
    devices.countTrial(device);
    ledger.settle(batch, at, std::move(outcome));
    if (!isFault && doubt && doubt->device != device)
      devices.clear(doubt->device, doubt->fault);
  }
  if (!worker && !ledger.isStopped() && !devices.isDropped(device))
    devices.drop(device, worker.error().text());
  ledger.changed.notify_all();
}

} // namespace halftone
