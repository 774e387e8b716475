#pragma once

#include <memory>
#include <string>

namespace halftone {

/// Reads the current clock of a GPU's multiprocessors through NVML, the library that comes with the
/// driver; without it, or for the CPU, the clock is unknown.
class ClockReader {
public:
  /// `identity`: the PCI address, as in MachineFacts.
  explicit ClockReader(const std::string &identity);
  ~ClockReader();
  ClockReader(const ClockReader &) = delete;
  ClockReader &operator=(const ClockReader &) = delete;

  double megahertz() const; ///< 0: unknown

private:
  struct Library;
  std::unique_ptr<Library> library;
};

} // namespace halftone
