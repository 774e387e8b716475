#pragma once

#include "autotune/MachineFacts.h"
#include "autotune/Trial.h"

#include <cmath>
#include <cstdlib>

namespace halftone::test {

/// How long the made-up device of fake_worker says that a schedule takes: 10 ms at the summit.
inline double fakeMilliseconds(const Schedule &schedule) {
  auto steps = [](int value, int best) { return std::fabs(std::log2(double(value) / best)); };
  return 10 * (1 + 0.2 * steps(schedule.tileQ, 64) + 0.15 * steps(schedule.tileK, 96) +
               0.1 * steps(schedule.stages, 2) + 0.12 * steps(schedule.warps, 4) +
               (schedule.order == WorkOrder::LongestFirst ? 0 : 0.05));
}

inline const char *const fakeSummit =
    "tileQ=64 tileK=96 stages=2 order=longestFirst"; // warps=4 is the default, and not in the text

inline MachineFacts fakeMachine() {
  return {.name = "a made-up H100",
          .identity = "made-up",
          .computeCapability = 90,
          .multiprocessors = 132,
          .clockHz = 1.755e9,
          .memoryBytesPerSecond = 3.35e12,
          .sharedBytesPerMultiprocessor = 233472,
          .l2Bytes = 50 << 20,
          .vectorWidth = 0,
          .driverVersion = 13000};
}

} // namespace halftone::test
