#pragma once

#include "autotune/Backend.h"
#include "autotune/WorkerProcess.h"

#include <memory>

namespace halftone {

/// The longest that each thing may take, in seconds.
struct Timeouts {
  double open = 300;         ///< inputs, and reference rows in fp64
  double compile = 60;       ///< a compilation, ptxas included
  double firstMeasure = 120; ///< a candidate while no time is known
  double measure = 10;       ///< a candidate, or 20 times what the best takes, if that is longer
};

/// A worker process that is there when needed: started and opened, and replaced when it was lost.
/// What goes wrong in it is a verdict.
class WorkerLane {
public:
  WorkerLane(std::vector<std::string> command, Task task, std::string log, const Timeouts &timeouts,
             const StopSignal &stop);

  /// Starts and opens a worker if none is running. The error says why the device is of no use.
  Result<MachineFacts> ready();
  /// A worker must be ready.
  CompileReport compile(const Schedule &schedule, const std::string &image);
  MeasureReport measure(const MeasureOrder &order, double seconds);
  bool isRunning() const { return worker && worker->isRunning(); }
  void close() { worker.reset(); }
  const Task &task() const { return work; }

private:
  struct Fault {
    Verdict verdict;
    std::string reason;
  };
  /// What an answer that is none means.
  Fault faultOf(const WorkerProcess::Answer &answer, Verdict hang, double seconds) const;

  std::vector<std::string> command;
  Task work;
  std::string log;
  Timeouts timeouts;
  const StopSignal &stop;
  std::unique_ptr<WorkerProcess> worker;
  MachineFacts facts;
  int64_t questions = 0;
};

} // namespace halftone
