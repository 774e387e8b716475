#pragma once

#include <memory>
#include <string>

namespace halftone {

/// What NVML, the library that comes with the driver, says of a GPU: its clock, its power, its name
/// for good. Without the library, or for the CPU, all of that is unknown.
class GpuSensors {
public:
  /// `identity`: the PCI address, as in MachineFacts.
  explicit GpuSensors(const std::string &identity);
  ~GpuSensors();
  GpuSensors(const GpuSensors &) = delete;
  GpuSensors &operator=(const GpuSensors &) = delete;

  double megahertz() const; ///< of the multiprocessors, now; 0: unknown
  double watts() const;     ///< now; 0: unknown
  double wattLimit() const; ///< that it is held to; 0: unknown
  std::string uuid() const; ///< "GPU-..."; empty: unknown

private:
  struct Library;
  std::unique_ptr<Library> library;
};

} // namespace halftone
