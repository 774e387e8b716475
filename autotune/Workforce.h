#pragma once

#include "autotune/CompilerLanes.h"
#include "autotune/DeviceLanes.h"
#include "autotune/TrialRunner.h"

namespace halftone {

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

  const MachineFacts &facts() const { return measuring.facts(); }

  std::vector<Outcome> run(const std::vector<Trial> &trials, double until) override;
  void expect(const std::vector<Schedule> &schedules) override;
  double elapsed() const override;
  bool ended() const override;
  int devices() const override { return int(measuring.count()); }

  /// What ended it, other than the signal: no device is left, or the journal cannot be written.
  Status failure() const;
  /// Trials that each device made, those of earlier processes not counted.
  std::vector<int> trialsByDevice() const;
  /// Devices that were dropped, each with its reason.
  std::vector<std::pair<int, std::string>> dropped() const;

private:
  Workforce(WorkforceOptions options, Journal &journal, const StopSignal &stop);

  const WorkforceOptions options;
  TrialLedger ledger;
  DeviceLanes measuring;
  CompilerLanes compiling;
  int64_t batches = 0;
};

} // namespace halftone
