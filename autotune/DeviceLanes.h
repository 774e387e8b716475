#pragma once

#include "autotune/DeviceLock.h"
#include "autotune/TrialLedger.h"

#include <memory>

namespace halftone {

/// The devices that are measured on, each with its worker and its lock, by index. One that is of no
/// use any more is dropped. Everything after worker() is called with the ledger's mutex held.
class DeviceLanes {
public:
  /// All must outlive it.
  DeviceLanes(const WorkforceOptions &options, TrialLedger &ledger, const StopSignal &stop);

  /// Opens all at once. One that is of no use, or another model than the first, is dropped with a
  /// note; none left is an error.
  Status open(Journal &journal);
  /// Of the model.
  const MachineFacts &facts() const { return machine; }
  size_t count() const { return lanes.size(); }
  int ordinal(size_t device) const { return options.devices[device]; }
  /// Used by one thread at a time, the one that measures on it.
  WorkerLane &worker(size_t device) { return *lanes[device].worker; }

  /// Its worker is left to the thread that it serves.
  void drop(size_t device, const std::string &reason);
  bool isDropped(size_t device) const { return !lanes[device].droppedFor.empty(); }
  /// Those not dropped.
  size_t left() const;
  void countTrial(size_t device) { ++lanes[device].trials; }
  /// What failed on the device runs on another: three such candidates, and it is dropped.
  void clear(size_t device, const Outcome &fault);

  /// Trials that each device made.
  std::vector<int> trials() const;
  /// Devices that were dropped, each with its reason.
  std::vector<std::pair<int, std::string>> dropped() const;

private:
  struct Lane {
    std::unique_ptr<WorkerLane> worker;
    std::unique_ptr<DeviceLock> lock;
    std::string droppedFor; ///< empty while it is of use
    int trials = 0;
    int cleared = 0; ///< candidates that failed here and run on another device
  };
  Status openOne(Lane &lane);

  const WorkforceOptions &options;
  TrialLedger &ledger;
  const StopSignal &stop;
  MachineFacts machine;
  std::vector<Lane> lanes;
};

} // namespace halftone
