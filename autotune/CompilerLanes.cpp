#include "autotune/CompilerLanes.h"

#include <fmt/format.h>

namespace halftone {

namespace {

using namespace std::chrono_literals;

/// Compiled candidates that may wait for each device, besides those that are being compiled.
constexpr size_t ahead = 4;

} // namespace

CompilerLanes::CompilerLanes(const WorkforceOptions &options, TrialLedger &ledger)
    : options(options), ledger(ledger) {
  Task task = options.task;
  task.measures = false;
  for (int i = 0; i < options.compilers; ++i)
    lanes.push_back(std::make_unique<WorkerLane>(
        options.command, task, fmt::format("{}/compiler-{}.log", options.scratch, i),
        options.timeouts, closing));
}

CompilerLanes::~CompilerLanes() {
  closing.raise();
  ledger.changed.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

void CompilerLanes::begin(TrialBatch &batch) {
  current = &batch;
  settleUncompiled(batch);
  if (threads.empty())
    for (auto &lane : lanes)
      threads.emplace_back([&] { compileAll(*lane); });
}

std::unique_lock<std::mutex> CompilerLanes::takeTurn() {
  return options.turns ? std::unique_lock(turn) : std::unique_lock<std::mutex>();
}

/// Trials of what could not be compiled have that for an outcome.
void CompilerLanes::settleUncompiled(TrialBatch &batch) {
  for (size_t i = 0; i < batch.trials.size(); ++i) {
    if (batch.states[i] != TrialBatch::State::Waiting)
      continue;
    const Compiled &known = compiled(batch.trials[i].schedule);
    if (known.state != Compiled::State::Failed)
      continue;
    Outcome outcome;
    outcome.verdict = known.report.verdict;
    outcome.reason = known.report.reason;
    outcome.compileMs = known.report.compileMs;
    ledger.settle(batch, i, outcome);
  }
}

/// The first trial's schedule that has no image yet, else the first that is expected to be tried
/// next.
std::optional<Schedule> CompilerLanes::next() {
  if (!current || !current->measurers || ledger.isOver() || ledger.elapsed() >= current->until)
    return std::nullopt;
  size_t waiting = 0;
  for (size_t i = 0; i < current->trials.size(); ++i) {
    if (current->states[i] != TrialBatch::State::Waiting)
      continue;
    const Schedule &schedule = current->trials[i].schedule;
    if (compiled(schedule).state == Compiled::State::None)
      return waiting < ahead * options.devices.size() + lanes.size() ? std::optional(schedule)
                                                                     : std::nullopt;
    ++waiting;
  }
  for (const Schedule &schedule : expected)
    if (compiled(schedule).state == Compiled::State::None && !ledger.isKnownFault(schedule))
      return schedule;
  return std::nullopt;
}

/// One lane's thread.
void CompilerLanes::compileAll(WorkerLane &lane) {
  std::unique_lock guard(ledger.mutex);
  while (!closing.isRaised() && ledger.failure()) {
    std::optional<Schedule> schedule = next();
    if (!schedule) {
      ledger.changed.wait_for(guard, 50ms);
      continue;
    }
    Compiled &compiled = imageOf(*schedule);
    compiled.state = Compiled::State::Compiling;
    compiled.image = fmt::format("{}/{}.image", options.scratch, ++imagesMade);
    guard.unlock();
    CompileReport report;
    Result<MachineFacts> ready = MachineFacts();
    {
      std::unique_lock<std::mutex> turned = takeTurn();
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
        ledger.refuse(ready.error());
      break;
    }
    compiled.report = report;
    bool isGood = report.verdict == Verdict::Measured;
    compiled.state = isGood ? Compiled::State::Ready : Compiled::State::Failed;
    if (!isGood && current)
      settleUncompiled(*current);
    ledger.changed.notify_all();
  }
  ledger.changed.notify_all();
}

} // namespace halftone
