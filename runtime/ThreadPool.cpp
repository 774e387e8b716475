#include "runtime/ThreadPool.h"

#include <sched.h>

#include <algorithm>
#include <map>
#include <system_error>

namespace halftone {
namespace {

unsigned usableProcessors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

} // namespace

std::shared_ptr<ThreadPool> ThreadPool::ofWidth(unsigned threads) {
  static std::mutex mutex;
  static std::map<unsigned, std::weak_ptr<ThreadPool>> pools;
  if (threads == 0)
    threads = usableProcessors();
  std::lock_guard lock(mutex);
  std::shared_ptr<ThreadPool> pool = pools[threads].lock();
  if (!pool) {
    pool.reset(new ThreadPool(threads));
    pools[threads] = pool;
  }
  return pool;
}

ThreadPool::ThreadPool(unsigned threads) {
  workers.reserve(threads - 1);
  for (unsigned worker = 1; worker < threads; ++worker) {
    try {
      workers.emplace_back([this, worker] { serve(worker); });
    } catch (const std::system_error &) {
      break;
    }
  }
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex);
    ending = true;
  }
  started.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

void ThreadPool::run(unsigned wanted, const std::function<void(unsigned)> &work) {
  std::lock_guard myTurn(turn);
  unsigned taking = std::clamp(wanted, 1u, width());
  if (taking > 1) {
    {
      std::lock_guard lock(mutex);
      job = &work;
      jobWorkers = taking;
      running = taking - 1;
      ++jobNumber;
    }
    started.notify_all();
  }
  work(0);
  if (taking > 1) {
    std::unique_lock lock(mutex);
    finished.wait(lock, [this] { return running == 0; });
    job = nullptr;
  }
}

void ThreadPool::serve(unsigned worker) {
  uint64_t seen = 0;
  std::unique_lock lock(mutex);
  for (;;) {
    started.wait(lock, [&] { return ending || (job && jobNumber != seen && worker < jobWorkers); });
    if (ending)
      return;
    seen = jobNumber;
    const std::function<void(unsigned)> &work = *job;
    lock.unlock();
    work(worker);
    lock.lock();
    if (--running == 0)
      finished.notify_one();
  }
}

} // namespace halftone
