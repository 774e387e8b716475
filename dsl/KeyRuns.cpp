#include "dsl/KeyRuns.h"

#include <algorithm>

namespace halftone {
namespace {

/// Walks two sets side by side and combines their kinds; combine(None, None) must be None.
template <typename Combine> KeyRuns combined(const KeyRuns &a, const KeyRuns &b, Combine combine) {
  KeyRuns result;
  result.reserve(a.size() + b.size());
  size_t i = 0, j = 0;
  uint32_t at = 0;
  while (i < a.size() || j < b.size()) {
    uint32_t next = UINT32_MAX;
    auto look = [&](const KeyRuns &runs, size_t k) {
      if (k == runs.size())
        return Kept::None;
      if (at < runs[k].begin) {
        next = std::min(next, runs[k].begin);
        return Kept::None;
      }
      next = std::min(next, runs[k].end);
      return runs[k].kept;
    };
    Kept left = look(a, i), right = look(b, j);
    appendRun(result, at, next, combine(left, right));
    at = next;
    if (i < a.size() && a[i].end == at)
      ++i;
    if (j < b.size() && b[j].end == at)
      ++j;
  }
  return result;
}

} // namespace

KeyRuns bothOf(const KeyRuns &a, const KeyRuns &b) {
  return combined(a, b, [](Kept left, Kept right) { return std::min(left, right); });
}

KeyRuns eitherOf(const KeyRuns &a, const KeyRuns &b) {
  return combined(a, b, [](Kept left, Kept right) { return std::max(left, right); });
}

KeyRuns noneOf(const KeyRuns &a, uint32_t count) {
  KeyRuns result;
  uint32_t at = 0;
  for (const KeyRun &run : a) {
    appendRun(result, at, run.begin, Kept::All);
    if (run.kept == Kept::Some)
      appendRun(result, run.begin, run.end, Kept::Some);
    at = run.end;
  }
  appendRun(result, at, count, Kept::All);
  return result;
}

KeyRuns joined(const KeyRuns &a, const KeyRuns &b) {
  return combined(a, b, [](Kept left, Kept right) { return left == right ? left : Kept::Some; });
}

} // namespace halftone
