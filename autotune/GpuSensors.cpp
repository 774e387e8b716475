#include "autotune/GpuSensors.h"

#include <dlfcn.h>

namespace halftone {

// Names and numbers are nvml.h's, fixed by its binary interface.
struct GpuSensors::Library {
  void *handle = nullptr;
  void *device = nullptr;
  int (*shutdown)() = nullptr;
  int (*clockInfo)(void *device, int clock, unsigned *megahertz) = nullptr;
  int (*powerUsage)(void *device, unsigned *milliwatts) = nullptr;
  int (*powerLimit)(void *device, unsigned *milliwatts) = nullptr;
  int (*uuid)(void *device, char *text, unsigned size) = nullptr;

  template <typename Function> bool find(Function &function, const char *name) {
    function = reinterpret_cast<Function>(::dlsym(handle, name));
    return function != nullptr;
  }
};

namespace {
constexpr int success = 0, multiprocessorClock = 1;
} // namespace

GpuSensors::GpuSensors(const std::string &identity) {
  if (identity.find(':') == std::string::npos)
    return;
  auto opened = std::make_unique<Library>();
  opened->handle = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!opened->handle)
    return;
  int (*init)() = nullptr;
  int (*byPciBusId)(const char *, void **) = nullptr;
  if (opened->find(init, "nvmlInit_v2") &&
      opened->find(byPciBusId, "nvmlDeviceGetHandleByPciBusId_v2") &&
      opened->find(opened->clockInfo, "nvmlDeviceGetClockInfo") &&
      opened->find(opened->powerUsage, "nvmlDeviceGetPowerUsage") &&
      opened->find(opened->powerLimit, "nvmlDeviceGetEnforcedPowerLimit") &&
      opened->find(opened->uuid, "nvmlDeviceGetUUID") &&
      opened->find(opened->shutdown, "nvmlShutdown") && init() == success) {
    if (byPciBusId(identity.c_str(), &opened->device) == success) {
      library = std::move(opened);
      return;
    }
    opened->shutdown();
  }
  ::dlclose(opened->handle);
}

GpuSensors::~GpuSensors() {
  if (!library)
    return;
  library->shutdown();
  ::dlclose(library->handle);
}

double GpuSensors::megahertz() const {
  unsigned clock = 0;
  if (!library || library->clockInfo(library->device, multiprocessorClock, &clock) != success)
    return 0;
  return clock;
}

double GpuSensors::watts() const {
  unsigned milliwatts = 0;
  if (!library || library->powerUsage(library->device, &milliwatts) != success)
    return 0;
  return milliwatts / 1000.0;
}

double GpuSensors::wattLimit() const {
  unsigned milliwatts = 0;
  if (!library || library->powerLimit(library->device, &milliwatts) != success)
    return 0;
  return milliwatts / 1000.0;
}

std::string GpuSensors::uuid() const {
  char text[96] = {}; // NVML_DEVICE_UUID_V2_BUFFER_SIZE
  if (!library || library->uuid(library->device, text, sizeof(text)) != success)
    return {};
  text[sizeof(text) - 1] = '\0';
  return text;
}

} // namespace halftone
