#include "autotune/DeviceFacts.h"

#include "codegen/CpuJit.h"
#include "runtime/DeviceProperties.h"

#include <fmt/format.h>

#include <fstream>

namespace halftone {

namespace {

// CUdevice_attribute.
constexpr int attributeClockKhz = 13, attributePciBus = 33, attributePciDevice = 34,
              attributeMemoryClockKhz = 36, attributeBusBits = 37, attributePciDomain = 50,
              attributeSharedOfMultiprocessor = 81;

/// 0 where the driver does not know it.
int attribute(const Device::Properties &gpu, int which) {
  int value = 0;
  if (gpu.driver->deviceGetAttribute(&value, which, gpu.number) != cuda::success)
    return 0;
  return value;
}

MachineFacts cpuFacts(const Device &device) {
  MachineFacts facts;
  facts.name = device.name();
  facts.identity = "cpu";
  facts.multiprocessors = device.multiprocessors();
  facts.vectorWidth = hostVectorWidth();
  // Where the system does not say how fast it can get: no processor is faster than this.
  facts.clockHz = 6.5e9;
  std::ifstream file("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
  if (double kilohertz = 0; file >> kilohertz && kilohertz > 0)
    facts.clockHz = kilohertz * 1000;
  return facts;
}

} // namespace

MachineFacts machineFacts(const Device &device) {
  if (!device.isGpu())
    return cpuFacts(device);
  const Device::Properties &gpu = *device.details();
  MachineFacts facts;
  facts.name = device.name();
  facts.identity = fmt::format("{:08x}:{:02x}:{:02x}.0", attribute(gpu, attributePciDomain),
                               attribute(gpu, attributePciBus), attribute(gpu, attributePciDevice));
  facts.computeCapability = device.computeCapability();
  facts.multiprocessors = device.multiprocessors();
  facts.clockHz = 1000.0 * attribute(gpu, attributeClockKhz);
  // Two transfers a clock.
  facts.memoryBytesPerSecond =
      2000.0 * attribute(gpu, attributeMemoryClockKhz) * attribute(gpu, attributeBusBits) / 8;
  facts.sharedBytesPerMultiprocessor = attribute(gpu, attributeSharedOfMultiprocessor);
  facts.l2Bytes = int64_t(device.l2Bytes());
  facts.driverVersion = device.driverVersion();
  return facts;
}

} // namespace halftone
