#include "autotune/ClockReader.h"

#include <dlfcn.h>

namespace halftone {

// Names and numbers are nvml.h's, fixed by its binary interface.
struct ClockReader::Library {
  void *handle = nullptr;
  void *device = nullptr;
  int (*shutdown)() = nullptr;
  int (*clockInfo)(void *device, int clock, unsigned *megahertz) = nullptr;

  template <typename Function> bool find(Function &function, const char *name) {
    function = reinterpret_cast<Function>(::dlsym(handle, name));
    return function != nullptr;
  }
};

namespace {
constexpr int success = 0, multiprocessorClock = 1;
} // namespace

ClockReader::ClockReader(const std::string &identity) {
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
      opened->find(opened->shutdown, "nvmlShutdown") && init() == success) {
    if (byPciBusId(identity.c_str(), &opened->device) == success) {
      library = std::move(opened);
      return;
    }
    opened->shutdown();
  }
  ::dlclose(opened->handle);
}

ClockReader::~ClockReader() {
  if (!library)
    return;
  library->shutdown();
  ::dlclose(library->handle);
}

double ClockReader::megahertz() const {
  unsigned clock = 0;
  if (!library || library->clockInfo(library->device, multiprocessorClock, &clock) != success)
    return 0;
  return clock;
}

} // namespace halftone
