#pragma once

#include "autotune/Workbench.h"
#include "runtime/Stream.h"

namespace halftone {

/// Times a kernel's launches: by events of a stream of its own on a GPU, by the clock on the CPU.
class KernelTimer {
public:
  /// `flushBytes`: written to the device before each timed launch, so that the second-level cache
  /// holds nothing of the tensors; 0: launches follow each other.
  static Result<KernelTimer> make(const Device &device, size_t flushBytes);

  struct Times {
    std::vector<double> milliseconds;
    bool gaveUp = false;
  };
  /// Warms up, then `timings` times; gives up after three that are all slower than `giveUpMs` (0:
  /// never), or after one where a launch is as long as the warm-up. A launch shorter than a
  /// millisecond is timed together with others like it. `sustained`: warms up and times for longer,
  /// as a GPU that was idle runs faster for some milliseconds than its power lets it go on.
  Result<Times> time(const Workbench &bench, const Kernel &kernel, int timings, double giveUpMs,
                     bool sustained);

private:
  KernelTimer(const Device &device, std::optional<Stream> stream);
  Result<double> launches(const Workbench &bench, const Kernel &kernel, int count);

  Device device;
  std::optional<Stream> stream;
  std::optional<GuardedBuffer> flushed;
};

} // namespace halftone
