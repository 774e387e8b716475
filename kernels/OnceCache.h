#pragma once

#include "dsl/Error.h"

#include <cstdint>
#include <future>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace halftone {

/// Values made once for each key and kept, at most `capacity` of them: the one not asked for for
/// longest goes first. Threads that ask for a key while its value is being made wait for it. A
/// failure reaches all of them and is not kept. Thread-safe; values are cheap to copy.
template <typename Key, typename Value, typename Hash = std::hash<Key>> class OnceCache {
public:
  explicit OnceCache(size_t capacity) : capacity(capacity ? capacity : 1) {}

  /// The value of `key`, by make() -> Result<Value> where there is none. make() is called without a
  /// lock and must not ask for the same key again.
  template <typename Make> Result<Value> get(const Key &key, Make make) {
    std::optional<std::promise<Result<Value>>> promise;
    std::shared_future<Result<Value>> future;
    uint64_t number = 0;
    std::vector<Node> dropped; // destroyed after the lock is given back
    {
      std::lock_guard lock(mutex);
      if (auto found = entries.find(key); found != entries.end()) {
        order.splice(order.begin(), order, found->second.place);
        future = found->second.value;
      } else {
        future = promise.emplace().get_future().share();
        number = ++made;
        auto added = entries.emplace(key, Entry{future, {}, number}).first;
        order.push_front(&added->first);
        added->second.place = order.begin();
        while (entries.size() > capacity) {
          const Key *last = order.back();
          order.pop_back();
          dropped.push_back(entries.extract(*last));
        }
      }
    }
    if (promise)
      fulfil(key, number, *promise, make);
    return future.get();
  }

  /// Forgets everything; what is being made reaches those who wait for it.
  void clear() {
    std::unordered_map<Key, Entry, Hash> dropped;
    std::lock_guard lock(mutex);
    dropped.swap(entries);
    order.clear();
  }

  size_t size() const {
    std::lock_guard lock(mutex);
    return entries.size();
  }

private:
  struct Entry {
    std::shared_future<Result<Value>> value;
    typename std::list<const Key *>::iterator place;
    uint64_t number; ///< tells it from a later one of the same key
  };
  using Node = typename std::unordered_map<Key, Entry, Hash>::node_type;

  template <typename Make>
  void fulfil(const Key &key, uint64_t number, std::promise<Result<Value>> &promise, Make &make) {
    try {
      Result<Value> value = make();
      if (!value)
        forget(key, number);
      promise.set_value(std::move(value));
    } catch (...) { // the standard library's: no memory
      forget(key, number);
      promise.set_exception(std::current_exception());
    }
  }

  void forget(const Key &key, uint64_t number) {
    Node dropped;
    std::lock_guard lock(mutex);
    auto found = entries.find(key);
    if (found == entries.end() || found->second.number != number)
      return;
    order.erase(found->second.place);
    dropped = entries.extract(found);
  }

  const size_t capacity;
  mutable std::mutex mutex;
  std::unordered_map<Key, Entry, Hash> entries;
  std::list<const Key *> order; ///< of `entries`, the last used first
  uint64_t made = 0;
};

} // namespace halftone
