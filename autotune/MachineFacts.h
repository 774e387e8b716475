#pragma once

#include <cstdint>
#include <string>

namespace halftone {

/// What the model and the physical floor need to know of a device. What is unknown is 0.
struct MachineFacts {
  std::string name;          ///< "NVIDIA H200"
  std::string identity;      ///< of the physical device, the same for every process: a PCI address
  int computeCapability = 0; ///< 0 for the CPU
  int multiprocessors = 1;   ///< cores, on the CPU
  double clockHz = 0;        ///< the greatest that the device reports
  double memoryBytesPerSecond = 0;
  int64_t sharedBytesPerMultiprocessor = 0;
  int64_t l2Bytes = 0;
  int vectorWidth = 0;   ///< CPU: floats of a vector
  int driverVersion = 0; ///< 13000 for 13.0
  std::string uuid;      ///< GPU: as nvidia-smi prints it
  double wattLimit = 0;  ///< GPU: the power that it may take

  bool isGpu() const { return computeCapability != 0; }
  bool operator==(const MachineFacts &) const = default;
};

/// Floating-point operations (a multiply-add is two) that a multiprocessor's tensor cores can do in
/// a clock on 16-bit elements: 2048 on compute capability 8.0, 1024 on 8.6 and 8.9, 4096 on 9.0 and
/// after; on a CPU core, two vector multiply-adds. From NVIDIA's architecture white papers (A100:
/// 312 TFLOP/s on 108 at 1.41 GHz; H100: 989 on 132 at 1.83 GHz).
double peakFlopsPerClock(const MachineFacts &machine);

/// No run of `flops` operations that touches `bytes` of memory at least once can be faster, in
/// seconds. 0 where the machine's rates are unknown.
double physicalFloor(const MachineFacts &machine, double flops, double bytes);

} // namespace halftone
