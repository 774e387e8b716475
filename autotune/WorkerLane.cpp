#include "autotune/WorkerLane.h"

#include "autotune/WorkerMessages.h"

#include <fmt/format.h>

namespace halftone {

WorkerLane::WorkerLane(std::vector<std::string> command, Task task, std::string log,
                       const Timeouts &timeouts, const StopSignal &stop)
    : command(std::move(command)), work(std::move(task)), log(std::move(log)), timeouts(timeouts),
      stop(stop) {}

WorkerLane::Fault WorkerLane::faultOf(const WorkerProcess::Answer &answer, Verdict hang,
                                      double seconds) const {
  switch (answer.end) {
  case WorkerProcess::End::Stopped:
    return {Verdict::NotRun, "stopped"};
  case WorkerProcess::End::TimedOut:
    return {hang, fmt::format("no answer in {:.3g} s", seconds)};
  case WorkerProcess::End::Flooded:
    return {Verdict::Garbage, "the worker's answer has no end"};
  case WorkerProcess::End::Answered:
    return {Verdict::Garbage,
            fmt::format("the worker's answer of {} bytes is none", answer.text.size())};
  case WorkerProcess::End::Died:
    break;
  }
  std::string reason = "the worker " + answer.text;
  if (std::string words = worker->lastWords(); !words.empty())
    reason += "; it last said: " + words;
  // On the CPU a kernel's mistakes are signals.
  Verdict verdict = Verdict::WorkerDied;
  for (auto [signal, meaning] : {std::pair{"signal 6 ", Verdict::Assert},
                                 {"signal 7 ", Verdict::Misaligned},
                                 {"signal 11 ", Verdict::IllegalAddress}})
    if (answer.text.find(signal) != std::string::npos)
      verdict = meaning;
  return {verdict, reason};
}

Result<MachineFacts> WorkerLane::ready() {
  if (isRunning())
    return facts;
  Result<WorkerProcess> started = WorkerProcess::start(command, log);
  if (!started)
    return started.error();
  worker = std::make_unique<WorkerProcess>(std::move(*started));
  Question question{.kind = Question::Kind::Open, .number = ++questions, .task = work, .order = {}};
  WorkerProcess::Answer answer = worker->ask(writeQuestion(question), timeouts.open, stop);
  std::optional<Result<MachineFacts>> opened;
  if (answer.end == WorkerProcess::End::Answered)
    opened = readFacts(answer.text, question.number);
  if (opened && *opened) {
    facts = **opened;
    return facts;
  }
  Error error{ErrorCode::NoDevice, {}, {}, {}};
  if (opened)
    error = opened->error();
  else
    error.message = faultOf(answer, Verdict::Hang, timeouts.open).reason;
  worker.reset();
  return error;
}

CompileReport WorkerLane::compile(const Schedule &schedule, const std::string &image) {
  Question question{.kind = Question::Kind::Compile,
                    .number = ++questions,
                    .task = {},
                    .order = {.schedule = schedule, .image = image}};
  WorkerProcess::Answer answer = worker->ask(writeQuestion(question), timeouts.compile, stop);
  if (answer.end == WorkerProcess::End::Answered)
    if (std::optional<CompileReport> report = readCompileReport(answer.text, question.number))
      return *report;
  Fault fault = faultOf(answer, Verdict::CompileHang, timeouts.compile);
  worker.reset();
  return {.verdict = fault.verdict, .reason = fault.reason};
}

MeasureReport WorkerLane::measure(const MeasureOrder &order, double seconds) {
  Question question{
      .kind = Question::Kind::Measure, .number = ++questions, .task = {}, .order = order};
  WorkerProcess::Answer answer = worker->ask(writeQuestion(question), seconds, stop);
  if (answer.end == WorkerProcess::End::Answered)
    if (std::optional<MeasureReport> report = readMeasureReport(answer.text, question.number)) {
      if (report->lost)
        worker.reset();
      return *report;
    }
  Fault fault = faultOf(answer, Verdict::Hang, seconds);
  worker.reset();
  return {.verdict = fault.verdict,
          .reason = fault.reason,
          .milliseconds = {},
          .clockMhz = 0,
          .watts = 0,
          .lost = true};
}

} // namespace halftone
