#pragma once

#include "runtime/DeviceProperties.h"
#include "runtime/Plan.h"

namespace halftone {

/// A plan in the memory of a GPU, all of it in one allocation.
class DevicePlan {
public:
  static Result<std::shared_ptr<const DevicePlan>> upload(const Plan &plan, const Device &device);
  ~DevicePlan() { device.release(memory); }
  DevicePlan(const DevicePlan &) = delete;
  DevicePlan &operator=(const DevicePlan &) = delete;

  size_t bytes() const { return size; }
  /// Points the plan's fields of `arguments` at this copy.
  void pointTo(KernelArguments &arguments) const;

private:
  explicit DevicePlan(Device device) : device(std::move(device)) {}

  Device device;
  void *memory = nullptr;
  size_t size = 0;
  size_t stages = 0, constants = 0, tables = 0, slopes = 0; ///< offsets; the work list is at 0
};

} // namespace halftone
