#pragma once

#include "autotune/TrialLedger.h"

#include <map>
#include <memory>
#include <thread>

namespace halftone {

/// Workers that compile ahead of those that measure, a thread for each: what waits to be measured
/// first, then what is expected to be tried next. Schedules that differ in their order of work
/// alone have one image, as plans are made where it is loaded, and it is compiled once. Everything
/// but takeTurn() is called with the ledger's mutex held.
class CompilerLanes {
public:
  struct Compiled {
    enum class State : uint8_t { None, Compiling, Ready, Failed } state = State::None;
    CompileReport report;
    std::string image; ///< a file
  };

  /// Both must outlive it. No worker is started before it is needed.
  CompilerLanes(const WorkforceOptions &options, TrialLedger &ledger);
  ~CompilerLanes();

  /// Compiles for a batch from here on, until end().
  void begin(TrialBatch &batch);
  void end() { current = nullptr; }
  void expect(const std::vector<Schedule> &schedules) { expected = schedules; }
  const Compiled &compiled(const Schedule &schedule) { return imageOf(schedule); }
  /// Where compiling and measuring take turns nothing is compiled while this is held.
  std::unique_lock<std::mutex> takeTurn();

private:
  Compiled &imageOf(const Schedule &schedule) {
    return images[schedule.code().text()]; // a map's elements stay where they are
  }
  void settleUncompiled(TrialBatch &batch);
  std::optional<Schedule> next();
  void compileAll(WorkerLane &lane);

  const WorkforceOptions &options;
  TrialLedger &ledger;
  StopSignal closing;
  std::mutex turn;
  std::vector<std::unique_ptr<WorkerLane>> lanes;
  std::vector<std::thread> threads;       ///< one for each lane, from the first batch on
  std::map<std::string, Compiled> images; ///< by the text of Schedule::code()
  int64_t imagesMade = 0;
  TrialBatch *current = nullptr;
  std::vector<Schedule> expected;
};

} // namespace halftone
