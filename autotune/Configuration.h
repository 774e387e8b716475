#pragma once

#include "autotune/Key.h"
#include "dsl/Schedule.h"

#include <optional>
#include <vector>

namespace halftone {

/// One schedule and its time.
struct Measured {
  Schedule schedule;
  double medianMilliseconds = 0;
  double spreadMilliseconds = 0; ///< width of the middle half of the timings
};

/// What tuning found for one key, and what explains it. Plain data: it names no file and holds no
/// code. Whoever uses a schedule from here checks it again (checkSchedule) for the problem at hand.
struct Configuration {
  Key key;
  std::string problem; ///< Problem::text(), for people; not looked at

  Measured best;
  std::vector<Measured> runnersUp;                   ///< fastest first; at most 32
  std::optional<double> defaultScheduleMilliseconds; ///< in the same race

  // Recorded, and no part of the key.
  std::string device;     ///< "NVIDIA H200"
  std::string driver;     ///< "13.0"; empty for the CPU
  int64_t smClockMHz = 0; ///< while measuring; 0: unknown
  int64_t memoryClockMHz = 0;
  int64_t timings = 0; ///< of the best schedule
  std::string when;    ///< UTC: "2026-11-24T18:45:00Z"
};

/// The time now as Configuration::when has it.
std::string timeNow();

} // namespace halftone
