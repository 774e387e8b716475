#pragma once

#include "autotune/DeviceLock.h"
#include "autotune/Journal.h"
#include "autotune/TrialRunner.h"
#include "autotune/WorkerLane.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace halftone {

struct WorkforceOptions {
  std::vector<std::string> command; ///< of a worker
  Task task;                        ///< device and measures are set for each worker
  std::vector<int> devices = {0};   ///< ordinals; a worker measures on each
  int compilers = 1;                ///< workers that compile ahead of those that measure
  /// Compiling and measuring take turns: for the CPU, which does both.
  bool turns = false;
  Timeouts timeouts;
  double lockSeconds = 600; ///< how long to wait for another tuner's device
  std::string scratch;      ///< a folder for images and what workers print
  /// Called, from any thread but one at a time, for each outcome that is not replayed, and for what
  /// a person should know.
  std::function<void(const Trial &, const Outcome &)> onOutcome;
  std::function<void(const std::string &)> onNote;
};

/// Makes trials with worker processes: some compile, one for each device measures, at the same
/// time. Every outcome is in the journal before it is used; what the journal has already is not run
/// again.
///
/// A fault that a broken device or a worker killed from outside would show too is believed once it
/// happened twice, on two devices where there are two. A device on which three candidates failed
/// that run on another is dropped.
class Workforce : public TrialRunner {
public:
  /// Opens a worker for each device. A device that is of no use, or another model than the first,
  /// is dropped with a note; none left is an error. The journal and the signal must outlive it.
  static Result<std::unique_ptr<Workforce>> start(WorkforceOptions options, Journal &journal,
                                                  StopSignal &stop);
  ~Workforce() override;

  const MachineFacts &facts() const { return machine; }

  std::vector<Outcome> run(const std::vector<Trial> &trials, double until) override;
  void expect(const std::vector<Schedule> &schedules) override;
  double elapsed() const override;
  bool ended() const override;
  int devices() const override { return int(lanes.size()); }

  /// What ended it, other than the signal: no device is left, or the journal cannot be written.
  Status failure() const;
  /// Trials that each device made, those of earlier processes not counted.
  std::vector<int> trialsByDevice() const;
  /// Devices that were dropped, each with its reason.
  std::vector<std::pair<int, std::string>> dropped() const;

private:
  using Clock = std::chrono::steady_clock;
  struct Compiled {
    enum class State : uint8_t { None, Compiling, Ready, Failed } state = State::None;
    CompileReport report;
    std::string image;
  };
  struct Measurer {
    std::unique_ptr<WorkerLane> lane;
    std::unique_ptr<DeviceLock> lock;
    std::string droppedFor; ///< empty while it is of use
    int trials = 0;
    int cleared = 0; ///< candidates that failed here and run on another device
  };
  struct Batch;

  Workforce(WorkforceOptions options, Journal &journal, StopSignal &stop);
  Status open();
  Status openDevice(size_t at);
  void note(const std::string &text);
  void drop(size_t device, const std::string &reason);
  bool replay(Batch &batch);
  void settle(Batch &batch, size_t at, Outcome outcome);
  void settleUncompiled(Batch &batch);
  std::optional<Schedule> nextToCompile();
  void compileAll(WorkerLane &lane);
  void measureAll(Batch &batch, size_t device);
  bool mayRun(const Batch &batch, size_t at, size_t device) const;
  bool mayComeUp(const Batch &batch, size_t at) const;
  void conclude(Batch &batch, size_t at, size_t device, Outcome outcome, const Status &worker);
  void putBack(Batch &batch, size_t at);
  void clear(size_t device, const Outcome &fault);
  size_t devicesLeft() const;
  double elapsedNow() const;
  Outcome measureOne(const Batch &batch, size_t at, size_t device);
  double secondsFor(const Trial &trial) const;
  void refuse(const Status &status);

  WorkforceOptions options;
  Journal &journal;
  StopSignal &stop;
  MachineFacts machine;
  StopSignal closing; ///< tells the compilers to end
  std::vector<std::unique_ptr<WorkerLane>> compilers;
  std::vector<Measurer> lanes;
  std::map<std::string, Compiled> images; ///< by Schedule::text()

  mutable std::mutex mutex; ///< of everything below, of images, and of a batch
  std::condition_variable changed;
  Batch *current = nullptr; ///< what run() was given, while it runs
  std::vector<Schedule> expected;
  std::vector<std::thread> compiling; ///< a thread for each compiler, from the first batch on
  std::mutex turn;                    ///< held while compiling or measuring where they take turns
  Status failed;
  double bestMs = 0;
  int64_t batches = 0, imagesMade = 0;
  double replayedSeconds = 0; ///< what the journal's outcomes had taken
  bool live = false;          ///< whether anything has been run that was not replayed
  Clock::time_point began;
};

} // namespace halftone
