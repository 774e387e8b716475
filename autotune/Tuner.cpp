#include "autotune/Tuner.h"

#include "autotune/Model.h"
#include "autotune/Scratch.h"

#include <fmt/format.h>
#include <llvm/Support/Parallel.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace halftone {

namespace {

/// How the search goes; with the journal's outcomes it decides what is tried next.
std::string settingsText(const TuneOptions &options) {
  std::string text =
      fmt::format("budget {:g} s, {} candidates, seed {}, devices {}", options.budget.seconds,
                  options.budget.candidates, options.seed, fmt::join(options.devices, ","));
  if (options.sweep)
    text += ", sweep";
  for (const Schedule &schedule : options.raced)
    text += ", " + schedule.text();
  return text;
}

std::string purposeText(const Problem &problem, const Target &target, const TuneOptions &options) {
  return fmt::format("{} on {}{}", problem.text(), target.name,
                     options.coldCache ? ", cold cache" : "");
}

int compilersFor(const Target &target, const TuneOptions &options) {
  if (options.compilers > 0)
    return options.compilers;
  if (target.kind == Target::Kind::Cpu)
    return 1;
  // Each worker that measures has a processor to itself.
  int devices = int(options.devices.size());
  return std::clamp(int(std::thread::hardware_concurrency()) - devices, 1, 16 * devices);
}

/// The schedules with what the model says; those it cannot plan come last.
std::vector<Candidate> predict(const std::vector<Schedule> &schedules, const Problem &problem,
                               const Target &target, const MachineFacts &machine) {
  Model model(problem, target, machine);
  std::vector<Candidate> candidates(schedules.size());
  // Minutes of video have so many tiles that this is seconds of the budget on one processor.
  llvm::parallelFor(0, schedules.size(), [&](size_t i) {
    Result<double> seconds = model.predict(schedules[i]);
    candidates[i] = {schedules[i], seconds ? *seconds * 1000 : -1};
  });
  double slowest = 0;
  for (const Candidate &candidate : candidates)
    slowest = std::max(slowest, candidate.predictedMs);
  for (Candidate &candidate : candidates)
    if (candidate.predictedMs < 0)
      candidate.predictedMs = slowest;
  return candidates;
}

/// What is left to the search: at least half of the time.
Budget withoutOpening(Budget budget, double seconds) {
  budget.seconds = std::max(budget.seconds / 2, budget.seconds - seconds);
  return budget;
}

/// The default, and those that are to race, none twice.
std::vector<Schedule> withDefault(const Schedule &standard, const std::vector<Schedule> &raced) {
  std::vector<Schedule> all{standard};
  for (const Schedule &schedule : raced)
    if (std::find(all.begin(), all.end(), schedule) == all.end())
      all.push_back(schedule);
  return all;
}

} // namespace

Result<TuneReport> tune(const Problem &problem, const Target &target, const TuneOptions &options,
                        StopSignal &stop) {
  if (Status status = problem.check(); !status)
    return status.error();
  if (Status status = checkSchedule(problem, defaultSchedule(problem, target), target); !status)
    return status.error();
  for (const Schedule &schedule : options.raced)
    if (Status status = checkSchedule(problem, schedule, target); !status)
      return status.error();
  Journal journal = Journal::inMemory();
  if (!options.journal.empty()) {
    Result<Journal> opened =
        Journal::open(options.journal, purposeText(problem, target, options), settingsText(options),
                      options.resume ? Journal::Mode::Resume : Journal::Mode::Fresh);
    if (!opened)
      return opened.error();
    journal = std::move(*opened);
  }
  if (options.force)
    journal.forgive();
  // The journal is locked: nobody else uses the folder beside it.
  Result<Scratch> scratch = Scratch::make(options.journal);
  if (!scratch)
    return scratch.error();

  WorkforceOptions work;
  work.command = options.worker;
  work.task = {.problem = problem.text(),
               .target = target.name,
               .device = 0,
               .measures = false,
               .coldCache = options.coldCache,
               .ptxas = options.ptxas,
               .seed = options.seed};
  work.devices = options.devices;
  work.compilers = compilersFor(target, options);
  work.turns = target.kind == Target::Kind::Cpu;
  work.timeouts = options.timeouts;
  work.scratch = scratch->path();
  work.onOutcome = options.onOutcome;
  work.onNote = options.onNote;

  TuneReport report;
  report.replayed = journal.recordedOutcomes();
  auto begun = std::chrono::steady_clock::now();
  Result<std::unique_ptr<Workforce>> workforce = Workforce::start(std::move(work), journal, stop);
  if (!workforce)
    return workforce.error();
  report.openingSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  report.machine = (*workforce)->facts();
  Space space = Space::of(problem, target);
  report.spaceSize = space.schedules().size();
  report.rejected = space.rejected();
  using Method = SearchOptions::Method;
  bool isRace = !options.raced.empty();
  Search search(
      predict(isRace ? withDefault(space.schedules().front(), options.raced) : space.schedules(),
              problem, target, report.machine),
      [&](const Schedule &from) { return space.neighbours(from); },
      {.budget = withoutOpening(options.budget, report.openingSeconds),
       .seed = options.seed,
       .method = isRace          ? Method::Race
                 : options.sweep ? Method::Sweep
                                 : Method::Guided},
      **workforce);
  report.search = search.run();
  report.trialsByDevice = (*workforce)->trialsByDevice();
  report.droppedDevices = (*workforce)->dropped();
  report.trouble = (*workforce)->failure();
  return report;
}

} // namespace halftone
