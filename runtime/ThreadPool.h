#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace halftone {

/// Threads that stay, so that starting a CPU kernel costs microseconds. The calling thread works
/// too. Kernels of the same width share one pool; its threads end with the last of them.
class ThreadPool {
public:
  /// The shared pool of `threads` workers, the caller counted; 0: one for each processor that this
  /// process may use. Where the system refuses threads, the pool has fewer.
  static std::shared_ptr<ThreadPool> ofWidth(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned width() const { return unsigned(workers.size()) + 1; }

  /// Calls work(worker) once on each of up to `wanted` workers, numbered from 0, and returns when
  /// all have returned. Calls from several threads take turns. `work` must not throw.
  void run(unsigned wanted, const std::function<void(unsigned worker)> &work);

private:
  explicit ThreadPool(unsigned threads);
  void serve(unsigned worker);

  std::mutex turn; ///< held for one run
  std::mutex mutex;
  std::condition_variable started, finished;
  const std::function<void(unsigned)> *job = nullptr;
  unsigned jobWorkers = 0; ///< workers of the job, the caller (number 0) counted
  unsigned running = 0;    ///< workers of the job that have not returned, the caller not counted
  uint64_t jobNumber = 0;
  bool ending = false;
  std::vector<std::thread> workers;
};

} // namespace halftone
