#include "runtime/CpuKernel.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>

namespace halftone {
namespace {

/// Scratch of the calling thread: grows to the largest that was asked for, and stays.
class Scratch {
public:
  ~Scratch() { std::free(memory); }
  void *ofBytes(size_t bytes) {
    if (bytes > size) {
      std::free(memory);
      size = (bytes + 63) / 64 * 64;
      memory = std::aligned_alloc(64, size);
      if (!memory)
        size = 0;
    }
    return memory;
  }

private:
  void *memory = nullptr;
  size_t size = 0;
};

} // namespace

Status CpuKernel::run(const KernelArguments &arguments) const {
  int64_t count = arguments.workCount;
  int64_t threads = std::min<int64_t>(pool->width(), count);
  // Enough pieces that the last one is short, few enough that taking one costs nothing.
  int64_t chunk = std::clamp<int64_t>(count / std::max<int64_t>(threads * 32, 1), 1, 8);
  std::atomic<int64_t> next{0};
  pool->run(unsigned(threads), [&](unsigned) {
    static thread_local Scratch scratch;
    void *memory = scratch.ofBytes(std::max<size_t>(scratchBytes, 64));
    // Without memory this thread leaves its share to the others.
    if (!memory)
      return;
    for (int64_t begin; (begin = next.fetch_add(chunk, std::memory_order_relaxed)) < count;)
      entry(&arguments, begin, std::min(begin + chunk, count), memory);
  });
  if (next.load() < count)
    return unsupported("the host is out of memory: a thread needs " + std::to_string(scratchBytes) +
                           " bytes of scratch",
                       "free memory, or use a schedule with smaller tiles");
  return {};
}

} // namespace halftone
