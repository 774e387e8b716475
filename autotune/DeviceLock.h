#pragma once

#include "autotune/StopSignal.h"
#include "dsl/Error.h"

#include <functional>
#include <string>

namespace halftone {

/// Keeps other tuners, of this user and others, from measuring on the same device at the same time.
/// The system lets go of it when the process ends, however it ends. It keeps nobody else away.
class DeviceLock {
public:
  /// Waits up to `seconds` for the device named `identity`; `waiting` is called once if it must.
  /// Where no lock file can be had there is nothing to wait for.
  static Result<DeviceLock> take(const std::string &identity, double seconds,
                                 const StopSignal &stop, const std::function<void()> &waiting);
  DeviceLock(DeviceLock &&other) noexcept;
  DeviceLock &operator=(DeviceLock &&other) noexcept;
  ~DeviceLock();

private:
  DeviceLock() = default;
  int file = -1;
};

} // namespace halftone
