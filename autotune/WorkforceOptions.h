#pragma once

#include "autotune/Trial.h"
#include "autotune/WorkerLane.h"

#include <functional>

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

} // namespace halftone
