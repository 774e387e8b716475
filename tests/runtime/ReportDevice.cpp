// Prints what asking for a GPU answers; CTest compares it for every kind of driver.

#include "runtime/Device.h"

#include <cstdio>
#include <cstdlib>

int main(int count, char **arguments) {
  int ordinal = count > 1 ? std::atoi(arguments[1]) : 0;
  halftone::Result<halftone::Device> device = halftone::Device::gpu(ordinal);
  if (!device) {
    std::printf("%d %s\n", int(device.error().code), device.error().text().c_str());
    return halftone::Device::current().isGpu() && ordinal == 0;
  }
  std::printf("%s sm_%d, %d multiprocessors, %zu bytes, L2 %zu, CUDA %d\n", device->name().c_str(),
              device->computeCapability(), device->multiprocessors(), device->sharedBytesPerBlock(),
              device->l2Bytes(), device->driverVersion());
  return 0;
}
