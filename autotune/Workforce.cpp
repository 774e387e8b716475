#include "autotune/Workforce.h"

#include <fmt/format.h>

#include <algorithm>

namespace halftone {

namespace {

using namespace std::chrono_literals;

/// Compiled candidates that may wait for each device, besides those that are being compiled.
constexpr size_t ahead = 4;
/// Launches of a measurement besides those that are timed: to warm up and to verify.
constexpr int otherLaunches = 6;
/// A device on which so many candidates failed that run elsewhere is broken.
constexpr int mostCleared = 3;

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

/// The trials of one call of run(), shared by all threads.
struct Workforce::Batch {
  enum class State : uint8_t { Waiting, Taken, Done };
  const std::vector<Trial> &trials;
  double until;
  int64_t number;
  std::vector<Outcome> outcomes;
  std::vector<State> states;
  std::vector<int> attempts;
  struct Doubt {
    size_t device;
    Outcome fault;
  };
  std::vector<std::optional<Doubt>> doubts; ///< a first fault that is not believed yet
  size_t measurers = 0;                     ///< threads that still measure

  Batch(const std::vector<Trial> &trials, double until, int64_t number)
      : trials(trials), until(until), number(number), outcomes(trials.size()),
        states(trials.size(), State::Waiting), attempts(trials.size(), 0), doubts(trials.size()) {}
};

Workforce::Workforce(WorkforceOptions given, Journal &journal, StopSignal &stop)
    : options(std::move(given)), journal(journal), stop(stop), began(Clock::now()) {
  live = journal.recordedOutcomes() == 0;
  Task task = options.task;
  task.measures = false;
  for (int i = 0; i < options.compilers; ++i)
    compilers.push_back(std::make_unique<WorkerLane>(
        options.command, task, fmt::format("{}/compiler-{}.log", options.scratch, i),
        options.timeouts, closing));
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

Workforce::~Workforce() {
  closing.raise();
  changed.notify_all();
  for (std::thread &thread : compiling)
    thread.join();
}

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

/// Called with the mutex held. The device's worker is closed by the thread that it serves.
void Workforce::drop(size_t device, const std::string &reason) {
  lanes[device].droppedFor = reason;
  note(fmt::format("device {} is dropped: {}", options.devices[device], reason));
  if (devicesLeft() == 0)
    refuse(Error{ErrorCode::NoDevice, "no device is left to measure on: " + reason, {}, {}});
}

size_t Workforce::devicesLeft() const {
  return size_t(std::count_if(lanes.begin(), lanes.end(),
                              [](const Measurer &lane) { return lane.droppedFor.empty(); }));
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
    if (!lanes[i].droppedFor.empty()) {
      lanes[i].lane->close();
      continue;
    }
    if (Status status = journal.device(options.devices[i], facts); !status)
      return status;
  }
  return failed;
}

double Workforce::elapsed() const {
  std::lock_guard guard(mutex);
  return elapsedNow();
}

/// Called with the mutex held.
double Workforce::elapsedNow() const {
  if (!live)
    return replayedSeconds;
  return replayedSeconds + std::chrono::duration<double>(Clock::now() - began).count();
}

void Workforce::expect(const std::vector<Schedule> &schedules) {
  // Where compiling disturbs measuring, it is not done in vain.
  if (options.turns)
    return;
  std::lock_guard guard(mutex);
  expected = schedules;
}

bool Workforce::ended() const {
  std::lock_guard guard(mutex);
  return stop.isRaised() || !failed;
}

Status Workforce::failure() const {
  std::lock_guard guard(mutex);
  return failed;
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
  outcome.elapsed = elapsedNow();
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
  changed.notify_all();
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
    batch.measurers = lanes.size();
    current = &batch;
    settleUncompiled(batch);
    if (compiling.empty())
      for (auto &lane : compilers)
        compiling.emplace_back([&] { compileAll(*lane); });
    changed.notify_all();
  }
  std::vector<std::thread> threads;
  threads.reserve(lanes.size());
  for (size_t device = 0; device < lanes.size(); ++device)
    threads.emplace_back([&, device] { measureAll(batch, device); });
  for (std::thread &thread : threads)
    thread.join();
  std::lock_guard guard(mutex);
  current = nullptr;
  if (!stop.isRaised() && failed) {
    if (Status status = journal.batchDone(batch.number); !status)
      refuse(status);
  }
  return std::move(batch.outcomes);
}

/// Called with the mutex held: trials of what could not be compiled have that for an outcome.
void Workforce::settleUncompiled(Batch &batch) {
  for (size_t i = 0; i < batch.trials.size(); ++i) {
    if (batch.states[i] != Batch::State::Waiting)
      continue;
    const Compiled &compiled = images[batch.trials[i].schedule.text()];
    if (compiled.state != Compiled::State::Failed)
      continue;
    Outcome outcome;
    outcome.verdict = compiled.report.verdict;
    outcome.reason = compiled.report.reason;
    outcome.compileMs = compiled.report.compileMs;
    settle(batch, i, outcome);
  }
}

/// Called with the mutex held: the first trial's schedule that has no image yet, else the first
/// that is expected to be tried next.
std::optional<Schedule> Workforce::nextToCompile() {
  if (!current || !current->measurers || stop.isRaised() || elapsedNow() >= current->until)
    return std::nullopt;
  size_t waiting = 0;
  for (size_t i = 0; i < current->trials.size(); ++i) {
    if (current->states[i] != Batch::State::Waiting)
      continue;
    const Schedule &schedule = current->trials[i].schedule;
    if (images[schedule.text()].state == Compiled::State::None)
      return waiting < ahead * lanes.size() + compilers.size() ? std::optional(schedule)
                                                               : std::nullopt;
    ++waiting;
  }
  for (const Schedule &schedule : expected)
    if (images[schedule.text()].state == Compiled::State::None && !journal.knownFault(schedule))
      return schedule;
  return std::nullopt;
}

/// One compiler's thread.
void Workforce::compileAll(WorkerLane &lane) {
  std::unique_lock guard(mutex);
  while (!closing.isRaised() && failed) {
    std::optional<Schedule> schedule = nextToCompile();
    if (!schedule) {
      changed.wait_for(guard, 50ms);
      continue;
    }
    Compiled &compiled = images[schedule->text()]; // a map's elements stay where they are
    compiled.state = Compiled::State::Compiling;
    compiled.image = fmt::format("{}/{}.image", options.scratch, ++imagesMade);
    guard.unlock();
    CompileReport report;
    Result<MachineFacts> ready = MachineFacts();
    {
      std::unique_lock<std::mutex> turned(turn, std::defer_lock);
      if (options.turns)
        turned.lock();
      // A second try for what passes: no process to be had, a worker that someone killed.
      for (int attempt = 1; attempt <= 2; ++attempt) {
        ready = lane.ready();
        report = ready ? lane.compile(*schedule, compiled.image)
                       : CompileReport{.verdict = Verdict::NotRun, .reason = {}};
        if (closing.isRaised() || (ready && report.verdict != Verdict::WorkerDied))
          break;
      }
    }
    guard.lock();
    if (report.verdict == Verdict::NotRun) {
      compiled.state = Compiled::State::None;
      if (!ready && !closing.isRaised())
        refuse(ready.error());
      break;
    }
    compiled.report = report;
    bool isGood = report.verdict == Verdict::Measured;
    compiled.state = isGood ? Compiled::State::Ready : Compiled::State::Failed;
    if (!isGood && current)
      settleUncompiled(*current);
    changed.notify_all();
  }
  changed.notify_all();
}

double Workforce::secondsFor(const Trial &trial) const {
  if (bestMs == 0)
    return options.timeouts.firstMeasure;
  return std::max(options.timeouts.measure,
                  20 * bestMs / 1000 * double(trial.timings + otherLaunches));
}

/// Whether `device` may run a trial that waits: the one that it is for, any where it is for any,
/// and after a first fault one that it did not fail on, as long as there is one.
bool Workforce::mayRun(const Batch &batch, size_t at, size_t device) const {
  if (batch.doubts[at])
    return batch.doubts[at]->device != device || devicesLeft() == 1;
  int wanted = batch.trials[at].device;
  return wanted < 0 || size_t(wanted) == device;
}

/// Whether a trial may still be for any device: what another one has at hand may come back.
bool Workforce::mayComeUp(const Batch &batch, size_t at) const {
  if (batch.states[at] == Batch::State::Done)
    return false;
  int wanted = batch.trials[at].device;
  return wanted < 0 || batch.doubts[at] || lanes[size_t(wanted)].droppedFor.empty();
}

/// One device's thread: takes the first trial that is compiled.
void Workforce::measureAll(Batch &batch, size_t device) {
  std::unique_lock guard(mutex);
  while (true) {
    if (stop.isRaised() || !failed || !lanes[device].droppedFor.empty() ||
        elapsedNow() >= batch.until)
      break;
    bool isAnyLeft = false;
    size_t next = batch.trials.size();
    for (size_t i = 0; i < batch.trials.size() && next == batch.trials.size(); ++i) {
      isAnyLeft |= mayComeUp(batch, i);
      if (batch.states[i] == Batch::State::Waiting && mayRun(batch, i, device) &&
          images[batch.trials[i].schedule.text()].state == Compiled::State::Ready)
        next = i;
    }
    if (!isAnyLeft)
      break;
    if (next == batch.trials.size()) {
      changed.wait_for(guard, 50ms);
      continue;
    }

    batch.states[next] = Batch::State::Taken;
    changed.notify_all();
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
  if (!lanes[device].droppedFor.empty())
    lanes[device].lane->close();
  --batch.measurers;
  changed.notify_all();
}

/// Called with the mutex held: a trial that was begun will be begun again, or not at all.
void Workforce::putBack(Batch &batch, size_t at) {
  batch.states[at] = Batch::State::Waiting;
  if (Status status = journal.withdraw(batch.trials[at]); !status)
    refuse(status);
}

/// Called with the mutex held: what failed on `device` runs on another.
void Workforce::clear(size_t device, const Outcome &fault) {
  Measurer &lane = lanes[device];
  if (++lane.cleared >= mostCleared && lane.droppedFor.empty())
    drop(device, fmt::format("{} candidates failed on it that run on another device, the last with "
                             "{}: {}",
                             lane.cleared, verdictName(fault.verdict), fault.reason));
}

/// Called with the mutex held, when a trial came back; `worker`: whether its device still is of
/// use.
void Workforce::conclude(Batch &batch, size_t at, size_t device, Outcome outcome,
                         const Status &worker) {
  constexpr int mostAttempts = 2; // of a worker that cannot begin
  bool isRun = outcome.verdict != Verdict::NotRun;
  bool isFault = isRun && !isTimed(outcome.verdict);
  std::optional<Batch::Doubt> &doubt = batch.doubts[at];
  if (stop.isRaised() && !isRun) {
    putBack(batch, at);
    batch.states[at] = Batch::State::Done;
  } else if (!isRun && ++batch.attempts[at] > mostAttempts) {
    outcome.verdict = Verdict::WorkerDied;
    settle(batch, at, std::move(outcome));
  } else if (!isRun || (isFault && !lanes[device].droppedFor.empty())) {
    putBack(batch, at);
  } else if (isFault && !doubt &&
             (!worker || outcome.verdict == Verdict::WorkerDied ||
              (mayBeTheDevice(outcome.verdict) && devicesLeft() > 1))) {
    doubt = Batch::Doubt{device, std::move(outcome)};
    putBack(batch, at);
  } else if (!isFault && doubt && doubt->device != device && batch.trials[at].device >= 0) {
    // It was to run on the other device, and what it took here is no answer.
    putBack(batch, at);
    batch.states[at] = Batch::State::Done;
    clear(doubt->device, doubt->fault);
  } else {
    ++lanes[device].trials;
    settle(batch, at, std::move(outcome));
    if (!isFault && doubt && doubt->device != device)
      clear(doubt->device, doubt->fault);
  }
  if (!worker && !stop.isRaised() && lanes[device].droppedFor.empty())
    drop(device, worker.error().text());
  changed.notify_all();
}

Outcome Workforce::measureOne(const Batch &batch, size_t at, size_t device) {
  const Trial &trial = batch.trials[at];
  Outcome outcome;
  outcome.device = options.devices[device];
  MeasureOrder order{.schedule = trial.schedule,
                     .image = {},
                     .timings = trial.timings,
                     .giveUpMs = trial.giveUpMs * (trial.paces.empty() ? 1 : trial.paces[device]),
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
  outcome.watts = report.watts;
  return outcome;
}

} // namespace halftone
