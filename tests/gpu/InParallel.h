#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace halftone::test {

/// Calls body(0) .. body(count - 1) on all processors.
inline void inParallel(size_t count, const std::function<void(size_t)> &body) {
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back([&] {
      for (size_t number; (number = next++) < count;)
        body(number);
    });
  for (std::thread &thread : threads)
    thread.join();
}

} // namespace halftone::test
