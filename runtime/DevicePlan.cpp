#include "runtime/DevicePlan.h"

#include "runtime/OwnStream.h"

#include <algorithm>

namespace halftone {
namespace {

/// Parts begin on lines of the GPU's cache.
constexpr size_t partAlignment = 256;

struct Part {
  const void *values;
  size_t bytes, offset;
};

template <typename Value> Part partOf(const std::vector<Value> &values, size_t offset) {
  return {values.data(), values.size() * sizeof(Value), offset};
}

/// Where the next part begins. Each has room for a value, so that every pointer of the arguments
/// may be read from.
size_t after(const Part &part) {
  size_t bytes = std::max(part.bytes, sizeof(int64_t));
  return part.offset + (bytes + partAlignment - 1) / partAlignment * partAlignment;
}

} // namespace

Result<std::shared_ptr<const DevicePlan>> DevicePlan::upload(const Plan &plan,
                                                             const Device &device) {
  std::shared_ptr<DevicePlan> uploaded(new DevicePlan(device));
  Part work = partOf(plan.work, 0), stages = partOf(plan.stages, after(work)),
       constants = partOf(plan.constants, after(stages)),
       tables = partOf(plan.tables, after(constants)), slopes = partOf(plan.slopes, after(tables));
  uploaded->stages = stages.offset;
  uploaded->constants = constants.offset;
  uploaded->tables = tables.offset;
  uploaded->slopes = slopes.offset;
  uploaded->size = after(slopes);
  Result<void *> memory = device.allocate(uploaded->size);
  if (!memory)
    return memory.error();
  uploaded->memory = *memory;
  const Device::Properties &gpu = *device.details();
  // From where they lie: putting them together first would touch as much memory again.
  Status copied = onOwnStream(gpu, "copy the plan to the GPU", [&](cuda::Stream stream) {
    cuda::Status status = cuda::success;
    for (const Part &part : {work, stages, constants, tables, slopes})
      if (status == cuda::success && part.bytes)
        status = gpu.driver->memcpyHtoDAsync(cuda::Address(*memory) + part.offset, part.values,
                                             part.bytes, stream);
    return status;
  });
  if (!copied)
    return copied.error();
  return std::shared_ptr<const DevicePlan>(std::move(uploaded));
}

void DevicePlan::pointTo(KernelArguments &arguments) const {
  const char *start = static_cast<const char *>(memory);
  arguments.work = reinterpret_cast<const WorkItem *>(start);
  arguments.stages = reinterpret_cast<const uint32_t *>(start + stages);
  arguments.constants = reinterpret_cast<const int64_t *>(start + constants);
  arguments.tables = reinterpret_cast<const int32_t *>(start + tables);
  arguments.slopes = reinterpret_cast<const float *>(start + slopes);
}

} // namespace halftone
