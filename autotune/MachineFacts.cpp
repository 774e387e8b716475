#include "autotune/MachineFacts.h"

#include <algorithm>

namespace halftone {

double peakFlopsPerClock(const MachineFacts &machine) {
  if (!machine.isGpu())
    return 4.0 * machine.vectorWidth;
  if (machine.computeCapability >= 90 && machine.computeCapability < 120)
    return machine.computeCapability >= 100 ? 8192 : 4096;
  return machine.computeCapability == 80 ? 2048 : 1024;
}

double physicalFloor(const MachineFacts &machine, double flops, double bytes) {
  double floor = 0;
  double rate = peakFlopsPerClock(machine) * machine.multiprocessors * machine.clockHz;
  if (rate > 0)
    floor = flops / rate;
  // What fits into the second-level cache need not come from memory again.
  if (machine.memoryBytesPerSecond > 0 && bytes > double(machine.l2Bytes))
    floor = std::max(floor, (bytes - double(machine.l2Bytes)) / machine.memoryBytesPerSecond);
  return floor;
}

} // namespace halftone
