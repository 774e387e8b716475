#pragma once

#include "autotune/CompilerLanes.h"
#include "autotune/DeviceLanes.h"

namespace halftone {

/// Measures the trials of a batch, a thread for each device, and decides what a fault means: the
/// candidate's, the device's, or to be tried once more.
class BatchRun {
public:
  BatchRun(TrialBatch &batch, const Timeouts &timeouts, TrialLedger &ledger,
           CompilerLanes &compilers, DeviceLanes &devices)
      : batch(batch), timeouts(timeouts), ledger(ledger), compilers(compilers), devices(devices) {}

  /// Returns when every trial has an outcome, or none can have one any more.
  void run();

private:
  void measureAll(size_t device);
  bool mayRun(size_t at, size_t device) const;
  bool mayComeUp(size_t at) const;
  Outcome measure(size_t at, size_t device);
  double secondsFor(const Trial &trial) const;
  void conclude(size_t at, size_t device, Outcome outcome, const Status &worker);

  TrialBatch &batch;
  const Timeouts &timeouts;
  TrialLedger &ledger;
  CompilerLanes &compilers;
  DeviceLanes &devices;
};

} // namespace halftone
