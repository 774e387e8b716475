#pragma once

#include <cstdint>
#include <vector>

namespace halftone {

/// How many of the pairs of some queries with a key are kept. Ordered, so that "and" is the
/// minimum and "or" the maximum.
enum class Kept : uint8_t { None, Some, All };

/// Consecutive keys [begin, end) of one kind. "Some" claims nothing: all or none may be kept.
struct KeyRun {
  uint32_t begin = 0, end = 0;
  Kept kept = Kept::None;
  bool operator==(const KeyRun &) const = default;
};

/// A three-valued set of keys: sorted, disjoint runs; keys in no run are None; neighbours of the
/// same kind are merged.
using KeyRuns = std::vector<KeyRun>;

/// Adds a run at the end, merging it with the last one; an empty run or one of kind None adds
/// nothing.
inline void appendRun(KeyRuns &runs, uint32_t begin, uint32_t end, Kept kept) {
  if (begin >= end || kept == Kept::None)
    return;
  if (!runs.empty() && runs.back().end == begin && runs.back().kept == kept)
    runs.back().end = end;
  else
    runs.push_back({begin, end, kept});
}

/// Keys of both sets, of either, and of not that one among [0, count).
KeyRuns bothOf(const KeyRuns &a, const KeyRuns &b);
KeyRuns eitherOf(const KeyRuns &a, const KeyRuns &b);
KeyRuns noneOf(const KeyRuns &a, uint32_t count);

/// The runs of two groups of queries together: All where both are All, None where both are None.
KeyRuns joined(const KeyRuns &a, const KeyRuns &b);

} // namespace halftone
