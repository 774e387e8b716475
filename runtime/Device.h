#pragma once

#include "dsl/Error.h"

#include <cstddef>
#include <memory>
#include <string>

namespace halftone {

/// Where kernels run: the host's CPU, or one NVIDIA GPU through its primary context. A value.
class Device {
public:
  static Device cpu();
  /// GPU number `ordinal`; a NoDevice error says what is missing (driver, GPU, version).
  static Result<Device> gpu(int ordinal = 0);
  static Result<int> gpuCount();
  /// The first GPU if there is one, else the CPU.
  static Device current();

  bool isGpu() const { return properties != nullptr; }
  int ordinal() const;
  std::string name() const;
  int computeCapability() const; ///< 90 for sm_90; 0 for the CPU
  int multiprocessors() const;
  size_t sharedBytesPerBlock() const; ///< the opt-in limit
  size_t l2Bytes() const;             ///< of the L2 cache; 0 for the CPU
  int driverVersion() const;          ///< 13000 for 13.0

  /// Device memory and copies, for tools and tests: a launch never uses them.
  Result<void *> allocate(size_t bytes) const;
  void release(void *pointer) const;
  Status upload(void *device, const void *host, size_t bytes) const;
  Status download(void *host, const void *device, size_t bytes) const;
  Status fill(void *device, unsigned char value, size_t bytes) const;
  Status synchronize() const;

  struct Properties;
  const std::shared_ptr<const Properties> &details() const { return properties; }

private:
  std::shared_ptr<const Properties> properties;
};

} // namespace halftone
