#include "autotune/GpuFault.h"

#include "runtime/DeviceProperties.h"

namespace halftone {

GpuFault gpuFaultOf(int driverStatus, const Error &error) {
  switch (driverStatus) {
  case cuda::success:
    break;
  case cuda::outOfMemory:
    return {Verdict::OutOfMemory, false};
  case cuda::illegalAddress:
  case 717: // an address of another space
    return {Verdict::IllegalAddress, true};
  case 716:
    return {Verdict::Misaligned, true};
  case cuda::assertFailed:
    return {Verdict::Assert, true};
  case cuda::launchTimeout:
    return {Verdict::Hang, true};
  default: // stack, instruction, program counter, ECC, and what is not known
    return {Verdict::LaunchFailed, true};
  }
  bool isMemory = error.message.find("the GPU is out of memory") != std::string::npos; // Driver
  return {isMemory ? Verdict::OutOfMemory : Verdict::LaunchFailed, false};
}

GpuFault gpuFault(const Device &device, const Error &error) {
  const Device::Properties &gpu = *device.details();
  ContextScope scope(*gpu.driver, gpu.context);
  if (!scope.status())
    return {Verdict::LaunchFailed, true};
  return gpuFaultOf(gpu.driver->ctxSynchronize(), error);
}

} // namespace halftone
