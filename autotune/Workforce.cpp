#include "autotune/Workforce.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <thread>

namespace halftone {

namespace {

using namespace std::chrono_literals;

/// Compiled candidates that may wait for each device, besides those that are being compiled.
constexpr size_t ahead = 4;
/// Launches of a measurement besides those that are timed: to warm up and to verify.
constexpr int otherLaunches = 6;

} // namespace

/// The trials of one call of run(), shared by all threads.
struct Workforce::Batch {
  enum class State : uint8_t { Waiting, Taken, Done };
  const std::vector<Trial> &trials;
  double until;
  int64_t number;
  std::vector<Outcome> outcomes;
  std::vector<State> states;
  std::vector<int> attempts;
  size_t measurers = 0; ///< threads that still measure
  std::condition_variable changed;

  Batch(const std::vector<Trial> &trials, double until, int64_t number)
      : trials(trials), until(until), number(number), outcomes(trials.size()),
        states(trials.size(), State::Waiting), attempts(trials.size(), 0) {}

  bool isAny(State state) const {
    return std::find(states.begin(), states.end(), state) != states.end();
  }
};

Workforce::Workforce(WorkforceOptions given, Journal &journal, StopSignal &stop)
    : options(std::move(given)), journal(journal), stop(stop), began(Clock::now()) {
  live = journal.recordedOutcomes() == 0;
  Task task = options.task;
  task.measures = false;
  for (int i = 0; i < options.compilers; ++i)
    compilers.push_back(std::make_unique<WorkerLane>(
        options.command, task, fmt::format("{}/compiler-{}.log", options.scratch, i),
        options.timeouts, stop));
  task.measures = true;
  for (int device : options.devices) {
    task.device = device;
    Measurer measurer;
    measurer.lane = std::make_unique<WorkerLane>(
        options.command, task, fmt::format("{}/device-{}.log", options.scratch, device),
        options.timeouts, stop);
    lanes.push_back(std::move(measurer));
  }
}

Workforce::~Workforce() = default;

Result<std::unique_ptr<Workforce>> Workforce::start(WorkforceOptions options, Journal &journal,
                                                    StopSignal &stop) {
  std::unique_ptr<Workforce> workforce(new Workforce(std::move(options), journal, stop));
  if (Status status = workforce->open(); !status)
    return status.error();
  return workforce;
}

void Workforce::note(const std::string &text) {
  if (Status status = journal.note("note", text); !status)
    refuse(status);
  if (options.onNote)
    options.onNote(text);
}

void Workforce::refuse(const Status &status) {
  if (failed)
    failed = status;
}

void Workforce::drop(size_t device, const std::string &reason) {
  lanes[device].droppedFor = reason;
  lanes[device].lane->close();
  note(fmt::format("device {} is dropped: {}", options.devices[device], reason));
  bool isLast = std::all_of(lanes.begin(), lanes.end(),
                            [](const Measurer &lane) { return !lane.droppedFor.empty(); });
  if (isLast)
    refuse(Error{ErrorCode::NoDevice, "no device is left to measure on: " + reason, {}, {}});
}

/// Opens a device and takes its lock.
Status Workforce::openDevice(size_t at) {
  Result<MachineFacts> facts = lanes[at].lane->ready();
  if (!facts)
    return facts.error();
  auto waiting = [&] {
    std::lock_guard guard(mutex);
    note("waiting for another tuner that measures on " + facts->identity);
  };
  Result<DeviceLock> lock = DeviceLock::take(facts->identity, options.lockSeconds, stop, waiting);
  if (!lock)
    return lock.error();
  lanes[at].lock = std::make_unique<DeviceLock>(std::move(*lock));
  return {};
}

Status Workforce::open() {
  std::vector<Status> outcomes(lanes.size());
  std::vector<std::thread> threads;
  threads.reserve(lanes.size());
  for (size_t i = 0; i < lanes.size(); ++i)
    threads.emplace_back([&, i] { outcomes[i] = openDevice(i); });
  for (std::thread &thread : threads)
    thread.join();
  if (stop.isRaised())
    return {};
  std::lock_guard guard(mutex);
  for (size_t i = 0; i < lanes.size(); ++i) {
    if (!outcomes[i]) {
      if (lanes.size() == 1)
        return outcomes[i];
      drop(i, outcomes[i].error().text());
      continue;
    }
    MachineFacts facts = *lanes[i].lane->ready();
    if (machine.name.empty())
      machine = facts;
    else if (machine.name != facts.name)
      drop(i, fmt::format("it is a {}, and the first is a {}", facts.name, machine.name));
  }
  return failed;
}

double Workforce::elapsed() const {
  std::lock_guard guard(mutex);
  if (!live)
    return replayedSeconds;
  return replayedSeconds + std::chrono::duration<double>(Clock::now() - began).count();
}

bool Workforce::ended() const {
  std::lock_guard guard(mutex);
  return stop.isRaised() || !failed;
}

std::vector<int> Workforce::trialsByDevice() const {
  std::lock_guard guard(mutex);
  std::vector<int> counts;
  counts.reserve(lanes.size());
  for (const Measurer &lane : lanes)
    counts.push_back(lane.trials);
  return counts;
}

std::vector<std::pair<int, std::string>> Workforce::dropped() const {
  std::lock_guard guard(mutex);
  std::vector<std::pair<int, std::string>> list;
  for (size_t i = 0; i < lanes.size(); ++i)
    if (!lanes[i].droppedFor.empty())
      list.emplace_back(options.devices[i], lanes[i].droppedFor);
  return list;
}

/// Settles what needs no worker. Whether anything is left.
bool Workforce::replay(Batch &batch) {
  bool isOver = journal.isBatchDone(batch.number), isLeft = false;
  for (size_t i = 0; i < batch.trials.size(); ++i) {
    const Trial &trial = batch.trials[i];
    if (std::optional<Outcome> known = journal.find(trial)) {
      batch.outcomes[i] = *known;
      batch.states[i] = Batch::State::Done;
      if (!live)
        replayedSeconds = std::max(replayedSeconds, known->elapsed);
      if (known->verdict == Verdict::Measured && (bestMs == 0 || known->medianMs < bestMs))
        bestMs = known->medianMs;
    } else if (isOver) {
      batch.states[i] = Batch::State::Done; // it was left out by the clock
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

/// Called with the mutex held.
void Workforce::settle(Batch &batch, size_t at, Outcome outcome) {
  outcome.elapsed = replayedSeconds;
  if (live)
    outcome.elapsed += std::chrono::duration<double>(Clock::now() - began).count();
  summarise(outcome);
  if (outcome.verdict == Verdict::Measured && (bestMs == 0 || outcome.medianMs < bestMs))
    bestMs = outcome.medianMs;
  batch.states[at] = Batch::State::Done;
  if (outcome.verdict != Verdict::NotRun) {
    if (Status status = journal.record(batch.trials[at], outcome); !status)
      refuse(status);
    if (options.onOutcome)
      options.onOutcome(batch.trials[at], outcome);
  }
  batch.outcomes[at] = std::move(outcome);
  batch.changed.notify_all();
}

std::vector<Outcome> Workforce::run(const std::vector<Trial> &trials, double until) {
  Batch batch(trials, until, ++batches);
  {
    std::lock_guard guard(mutex);
    if (!replay(batch)) {
      if (!journal.isBatchDone(batch.number) && !stop.isRaised())
        if (Status status = journal.batchDone(batch.number); !status)
          refuse(status);
      return std::move(batch.outcomes);
    }
    if (!live) {
      live = true;
      began = Clock::now();
    }
  }
  std::vector<std::thread> threads;
  threads.reserve(compilers.size() + lanes.size());
  batch.measurers = lanes.size();
  for (auto &lane : compilers)
    threads.emplace_back([&] { compileAll(batch, *lane); });
  for (size_t device = 0; device < lanes.size(); ++device)
    threads.emplace_back([&, device] { measureAll(batch, device); });
  for (std::thread &thread : threads)
    thread.join();
  if (!ended()) {
    std::lock_guard guard(mutex);
    if (Status status = journal.batchDone(batch.number); !status)
      refuse(status);
  }
  return std::move(batch.outcomes);
}

/// One compiler's thread: takes the first trial whose schedule has no image yet.
void Workforce::compileAll(Batch &batch, WorkerLane &lane) {
  std::unique_lock guard(mutex);
  while (true) {
    if (stop.isRaised() || !failed || !batch.measurers || !batch.isAny(Batch::State::Waiting))
      return;
    guard.unlock();
    bool isLate = elapsed() >= batch.until;
    guard.lock();
    if (isLate)
      return;
    size_t waiting = 0, next = batch.trials.size();
    for (size_t i = 0; i < batch.trials.size() && next == batch.trials.size(); ++i) {
      if (batch.states[i] != Batch::State::Waiting)
        continue;
      Compiled::State state = images[batch.trials[i].schedule.text()].state;
      waiting += state != Compiled::State::None;
      if (state == Compiled::State::None)
        next = i;
    }
    if (next == batch.trials.size() || waiting >= ahead * lanes.size() + compilers.size()) {
      batch.changed.wait_for(guard, 50ms);
      continue;
    }

    const Schedule &schedule = batch.trials[next].schedule;
    Compiled &compiled = images[schedule.text()]; // a map's elements stay where they are
    compiled.state = Compiled::State::Compiling;
    compiled.image = fmt::format("{}/{}.image", options.scratch, ++imagesMade);
    guard.unlock();
    CompileReport report;
    {
      std::unique_lock<std::mutex> turned(turn, std::defer_lock);
      if (options.turns)
        turned.lock();
      Result<MachineFacts> ready = lane.ready();
      if (!ready && !stop.isRaised())
        ready = lane.ready(); // a second try, for what passes
      if (ready)
        report = lane.compile(schedule, compiled.image);
      else
        report = {.verdict = Verdict::NotRun, .reason = ready.error().text()};
      guard.lock();
      if (!ready && !stop.isRaised()) {
        refuse(ready.error());
        return;
      }
    }
    if (report.verdict == Verdict::NotRun) { // stopped
      compiled.state = Compiled::State::None;
      return;
    }
    compiled.report = report;
    bool isGood = report.verdict == Verdict::Measured;
    compiled.state = isGood ? Compiled::State::Ready : Compiled::State::Failed;
    batch.changed.notify_all();
    if (isGood)
      continue;
    for (size_t i = 0; i < batch.trials.size(); ++i)
      if (batch.states[i] == Batch::State::Waiting && batch.trials[i].schedule == schedule) {
        Outcome outcome;
        outcome.verdict = report.verdict;
        outcome.reason = report.reason;
        outcome.compileMs = report.compileMs;
        settle(batch, i, outcome);
      }
  }
}

double Workforce::secondsFor(const Trial &trial) const {
  if (bestMs == 0)
    return options.timeouts.firstMeasure;
  return std::max(options.timeouts.measure,
                  20 * bestMs / 1000 * double(trial.timings + otherLaunches));
}

/// One device's thread: takes the first trial that is compiled.
void Workforce::measureAll(Batch &batch, size_t device) {
  std::unique_lock guard(mutex);
  while (true) {
    if (stop.isRaised() || !failed || !lanes[device].droppedFor.empty())
      break;
    guard.unlock();
    bool isLate = elapsed() >= batch.until;
    guard.lock();
    if (isLate)
      break;
    bool isAnyMine = false;
    size_t next = batch.trials.size();
    for (size_t i = 0; i < batch.trials.size() && next == batch.trials.size(); ++i) {
      const Trial &trial = batch.trials[i];
      if (batch.states[i] == Batch::State::Done ||
          (trial.device >= 0 && size_t(trial.device) != device))
        continue;
      // What another device has at hand may come back.
      isAnyMine = true;
      if (batch.states[i] == Batch::State::Waiting &&
          images[trial.schedule.text()].state == Compiled::State::Ready)
        next = i;
    }
    if (!isAnyMine)
      break;
    if (next == batch.trials.size()) {
      batch.changed.wait_for(guard, 50ms);
      continue;
    }

    batch.states[next] = Batch::State::Taken;
    batch.changed.notify_all();
    if (Status status = journal.begin(batch.trials[next]); !status)
      refuse(status);
    guard.unlock();
    Outcome outcome = measureOne(batch, next, device);
    // A fault is the candidate's where a new worker can be had, and the device's where not.
    Result<MachineFacts> ready = MachineFacts();
    for (int attempt = 0; attempt < 2 && !isTimed(outcome.verdict) && !stop.isRaised(); ++attempt) {
      ready = lanes[device].lane->ready();
      if (ready)
        break;
    }
    guard.lock();
    conclude(batch, next, device, std::move(outcome), ready ? Status() : Status(ready.error()));
  }
  --batch.measurers;
  batch.changed.notify_all();
}

/// Called with the mutex held, when a trial came back; `worker`: whether its device still is of
/// use.
void Workforce::conclude(Batch &batch, size_t at, size_t device, Outcome outcome,
                         const Status &worker) {
  constexpr int mostAttempts = 2; // a second device that dies of it, or a third try
  bool isRun = outcome.verdict != Verdict::NotRun;
  if (stop.isRaised() && !isRun) {
    batch.states[at] = Batch::State::Done;
    if (Status status = journal.withdraw(batch.trials[at]); !status)
      refuse(status);
  } else if (isRun && (worker || batch.attempts[at] + 1 >= mostAttempts)) {
    ++lanes[device].trials;
    settle(batch, at, std::move(outcome));
  } else if (++batch.attempts[at] > mostAttempts) {
    outcome.verdict = Verdict::WorkerDied;
    settle(batch, at, std::move(outcome));
  } else {
    batch.states[at] = Batch::State::Waiting;
  }
  if (!worker && !stop.isRaised())
    drop(device, worker.error().text());
  batch.changed.notify_all();
}

Outcome Workforce::measureOne(const Batch &batch, size_t at, size_t device) {
  const Trial &trial = batch.trials[at];
  Outcome outcome;
  outcome.device = options.devices[device];
  MeasureOrder order{.schedule = trial.schedule,
                     .image = {},
                     .timings = trial.timings,
                     .giveUpMs = trial.giveUpMs,
                     .thorough = trial.thorough};
  double seconds = 0;
  {
    std::lock_guard guard(mutex);
    const Compiled &compiled = images[trial.schedule.text()];
    order.image = compiled.image;
    outcome.registers = compiled.report.registers;
    outcome.spillBytes = compiled.report.spillBytes;
    outcome.compileMs = compiled.report.compileMs;
    seconds = secondsFor(trial);
  }
  std::unique_lock<std::mutex> turned(turn, std::defer_lock);
  if (options.turns)
    turned.lock();
  if (Result<MachineFacts> ready = lanes[device].lane->ready(); !ready) {
    outcome.reason = ready.error().text();
    return outcome;
  }
  MeasureReport report = lanes[device].lane->measure(order, seconds);
  outcome.verdict = report.verdict;
  outcome.reason = std::move(report.reason);
  outcome.milliseconds = std::move(report.milliseconds);
  outcome.clockMhz = report.clockMhz;
  return outcome;
}

} // namespace halftone
