#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace halftone {

/// What went wrong with the cache without preventing a result, for the caller to show: the library
/// prints nothing. Thread-safe.
class Warnings {
public:
  /// Keeps `text` unless it was added before, ever: trouble that lasts is told once.
  void add(const std::string &text);
  /// Those not taken yet.
  std::vector<std::string> take();

private:
  std::mutex mutex;
  std::set<std::string> seen;
  std::vector<std::string> waiting;
};

} // namespace halftone
