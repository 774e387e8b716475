#include "runtime/ThreadPool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>

using namespace halftone;

TEST_CASE("each wanted worker runs once, and the call waits for all") {
  auto pool = ThreadPool::ofWidth(4);
  REQUIRE(pool->width() == 4);
  for (unsigned wanted = 1; wanted <= 6; ++wanted)
    for (int repeat = 0; repeat < 200; ++repeat) {
      std::atomic<unsigned> seen{0}, calls{0};
      pool->run(wanted, [&](unsigned worker) {
        seen |= 1u << worker;
        ++calls;
      });
      unsigned taking = std::min(wanted, 4u);
      REQUIRE(calls == taking);
      REQUIRE(seen == (1u << taking) - 1);
    }
}

TEST_CASE("workers are real threads, and the caller is number 0") {
  auto pool = ThreadPool::ofWidth(3);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  auto caller = std::this_thread::get_id();
  bool callerIsZero = true;
  pool->run(3, [&](unsigned worker) {
    std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
    callerIsZero &= (worker == 0) == (std::this_thread::get_id() == caller);
  });
  CHECK(callerIsZero);
  CHECK(threads.size() == 3);
  CHECK(threads.count(caller) == 1);
}

TEST_CASE("callers on several threads take turns") {
  auto pool = ThreadPool::ofWidth(2);
  std::atomic<int> inside{0}, most{0}, total{0};
  auto caller = [&] {
    for (int repeat = 0; repeat < 100; ++repeat) {
      std::atomic<int> mine{0};
      pool->run(2, [&](unsigned) {
        int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);)
          ;
        ++mine;
        --inside;
      });
      total += mine;
    }
  };
  std::thread first(caller), second(caller), third(caller);
  first.join();
  second.join();
  third.join();
  CHECK(total == 600);
  CHECK(most <= 2);
}

TEST_CASE("kernels of one width share a pool, which ends with the last") {
  std::weak_ptr<ThreadPool> watched;
  {
    auto one = ThreadPool::ofWidth(2), same = ThreadPool::ofWidth(2);
    CHECK(one == same);
    CHECK(one != ThreadPool::ofWidth(3));
    watched = one;
  }
  CHECK(watched.expired());
  CHECK(ThreadPool::ofWidth(0)->width() >= 1);
}
