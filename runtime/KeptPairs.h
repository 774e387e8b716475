#pragma once

#include "runtime/LoadedImage.h"
#include "runtime/Plan.h"

namespace halftone {

/// Which pairs of the stages to mask a plan's masks keep, in the memory of a GPU: evaluated once
/// for a plan, by a launch of the image's own code, and read by every launch after it and by all
/// heads. A page is what one group of 64 query rows keeps of one stage, a bit a pair: of each of
/// its 128 threads as many words as its mask has in registers (tileK / 64, rounded up).
class KeptPairs {
public:
  /// `arguments` are those of the plan's launches. Returns when the pages are there.
  static Result<std::shared_ptr<const KeptPairs>> evaluate(const LoadedImage &loaded,
                                                           const Image &image, const Plan &plan,
                                                           const KernelArguments &arguments);
  ~KeptPairs() { device.release(memory); }
  KeptPairs(const KeptPairs &) = delete;
  KeptPairs &operator=(const KeptPairs &) = delete;

  size_t bytes() const { return size; }
  uint32_t *pages() const { return static_cast<uint32_t *>(memory); }

private:
  explicit KeptPairs(Device device) : device(std::move(device)) {}

  Device device;
  void *memory = nullptr;
  size_t size = 0;
};

/// The items of `work` that a launch for all pages needs: of those that share stages, the first.
/// Items of a cluster stay together; whichever of them is not needed has no stages.
std::vector<WorkItem> itemsOfPages(const std::vector<WorkItem> &work, int64_t cluster,
                                   uint32_t queryLength);

} // namespace halftone
