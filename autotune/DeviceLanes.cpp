#include "autotune/DeviceLanes.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace halftone {

namespace {

/// A device on which so many candidates failed that run elsewhere is broken.
constexpr int mostCleared = 3;

} // namespace

DeviceLanes::DeviceLanes(const WorkforceOptions &options, TrialLedger &ledger,
                         const StopSignal &stop)
    : options(options), ledger(ledger), stop(stop) {
  Task task = options.task;
  task.measures = true;
  for (int device : options.devices) {
    task.device = device;
    Lane lane;
    lane.worker = std::make_unique<WorkerLane>(
        options.command, task, fmt::format("{}/device-{}.log", options.scratch, device),
        options.timeouts, stop);
    lanes.push_back(std::move(lane));
  }
}

/// Opens a device and takes its lock.
Status DeviceLanes::openOne(Lane &lane) {
  Result<MachineFacts> facts = lane.worker->ready();
  if (!facts)
    return facts.error();
  auto waiting = [&] {
    std::lock_guard guard(ledger.mutex);
    ledger.note("waiting for another tuner that measures on " + facts->identity);
  };
  Result<DeviceLock> lock = DeviceLock::take(facts->identity, options.lockSeconds, stop, waiting);
  if (!lock)
    return lock.error();
  lane.lock = std::make_unique<DeviceLock>(std::move(*lock));
  return {};
}

Status DeviceLanes::open(Journal &journal) {
  std::vector<Status> outcomes(lanes.size());
  std::vector<std::thread> threads;
  threads.reserve(lanes.size());
  for (size_t i = 0; i < lanes.size(); ++i)
    threads.emplace_back([&, i] { outcomes[i] = openOne(lanes[i]); });
  for (std::thread &thread : threads)
    thread.join();
  if (stop.isRaised())
    return {};
  std::lock_guard guard(ledger.mutex);
  for (size_t i = 0; i < lanes.size(); ++i) {
    if (!outcomes[i]) {
      if (lanes.size() == 1)
        return outcomes[i];
      drop(i, outcomes[i].error().text());
      continue;
    }
    MachineFacts facts = *lanes[i].worker->ready();
    if (machine.name.empty())
      machine = facts;
    else if (machine.name != facts.name)
      drop(i, fmt::format("it is a {}, and the first is a {}", facts.name, machine.name));
    if (isDropped(i)) {
      lanes[i].worker->close();
      continue;
    }
    if (Status status = journal.device(ordinal(i), facts); !status)
      return status;
  }
  return ledger.failure();
}

void DeviceLanes::drop(size_t device, const std::string &reason) {
  lanes[device].droppedFor = reason;
  ledger.note(fmt::format("device {} is dropped: {}", ordinal(device), reason));
  if (left() == 0)
    ledger.refuse(Error{ErrorCode::NoDevice, "no device is left to measure on: " + reason, {}, {}});
}

size_t DeviceLanes::left() const {
  return size_t(std::count_if(lanes.begin(), lanes.end(),
                              [](const Lane &lane) { return lane.droppedFor.empty(); }));
}

void DeviceLanes::clear(size_t device, const Outcome &fault) {
  Lane &lane = lanes[device];
  if (++lane.cleared >= mostCleared && lane.droppedFor.empty())
    drop(device, fmt::format("{} candidates failed on it that run on another device, the last with "
                             "{}: {}",
                             lane.cleared, verdictName(fault.verdict), fault.reason));
}

std::vector<int> DeviceLanes::trials() const {
  std::vector<int> counts;
  counts.reserve(lanes.size());
  for (const Lane &lane : lanes)
    counts.push_back(lane.trials);
  return counts;
}

std::vector<std::pair<int, std::string>> DeviceLanes::dropped() const {
  std::vector<std::pair<int, std::string>> list;
  for (size_t i = 0; i < lanes.size(); ++i)
    if (isDropped(i))
      list.emplace_back(ordinal(i), lanes[i].droppedFor);
  return list;
}

} // namespace halftone
