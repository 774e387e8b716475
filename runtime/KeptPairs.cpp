#include "runtime/KeptPairs.h"

#include "runtime/OwnStream.h"
#include "runtime/TensorMaps.h"

#include <span>
#include <unordered_set>

namespace halftone {

std::vector<WorkItem> itemsOfPages(const std::vector<WorkItem> &work, int64_t cluster,
                                   uint32_t queryLength) {
  std::vector<WorkItem> items;
  std::unordered_set<uint32_t> known;
  auto step = size_t(cluster);
  for (size_t at = 0; at + step <= work.size(); at += step) {
    bool hasNew = false;
    for (WorkItem item : std::span(work).subspan(at, step)) {
      // Past the last query is whoever keeps a cluster company: the stages are another's.
      bool isNew = item.query < queryLength && item.full + item.partial > 0 &&
                   known.insert(item.first).second;
      if (!isNew)
        item.full = item.partial = item.columns = 0;
      hasNew |= isNew;
      items.push_back(item);
    }
    if (!hasNew)
      items.resize(items.size() - step);
  }
  return items;
}

Result<std::shared_ptr<const KeptPairs>> KeptPairs::evaluate(const LoadedImage &loaded,
                                                             const Image &image, const Plan &plan,
                                                             const KernelArguments &arguments) {
  std::shared_ptr<KeptPairs> kept(new KeptPairs(loaded.device()));
  std::vector<WorkItem> items =
      itemsOfPages(plan.work, image.schedule.cluster, arguments.queryLength);
  // Groups that mask nothing of a stage read beside its pages. The work list lies behind them all.
  size_t pageBytes = size_t(keptPageWords(image.schedule.tileK)) * sizeof(uint32_t);
  size_t workAt = (size_t(plan.maskPages) + 3) * pageBytes;
  size_t workBytes = items.size() * sizeof(WorkItem);
  kept->size = workAt + workBytes;
  Result<void *> memory = loaded.device().allocate(kept->size);
  if (!memory)
    return memory.error();
  kept->memory = *memory;
  if (!plan.maskPages)
    return std::shared_ptr<const KeptPairs>(std::move(kept));

  KernelArguments keeping = arguments;
  keeping.keeps = 1;
  keeping.kept = kept->pages();
  keeping.work = reinterpret_cast<const WorkItem *>(static_cast<char *>(*memory) + workAt);
  keeping.workCount = uint32_t(items.size());
  TensorMaps noMaps{};
  auto parameters = launchParameters(keeping, noMaps);
  const Device::Properties &gpu = *loaded.device().details();
  Status status =
      onOwnStream(gpu, "evaluate the masks of '" + image.entry + "'", [&](cuda::Stream stream) {
        const Driver &driver = *gpu.driver;
        cuda::Status copied =
            driver.memcpyHtoDAsync(cuda::Address(keeping.work), items.data(), workBytes, stream);
        if (copied != cuda::success)
          return copied;
        return driver.launchKernel(loaded.function(), keeping.workCount, 1, 1, image.threads, 1, 1,
                                   image.sharedBytes, stream, parameters.data(), nullptr);
      });
  if (!status)
    return status.error();
  return std::shared_ptr<const KeptPairs>(std::move(kept));
}

} // namespace halftone
