#pragma once

#include "dsl/TileMap.h"

#include <rapidcheck.h>

#include <algorithm>
#include <vector>

namespace halftone::test {

/// The kinds of the chunks of keys of some queries: 0 dropped, 1 partial, 2 full.
using ChunkKinds = std::vector<int>;

/// Runs of chunks of one kind, so that whole stages are consecutive now and then.
inline ChunkKinds drawKinds(int64_t tileK, int64_t gather, int64_t keyCount) {
  auto chunks = size_t((keyCount + gather - 1) / gather);
  ChunkKinds kinds;
  while (kinds.size() < chunks) {
    int kind = *rc::gen::inRange(0, 3);
    size_t run = *rc::gen::inRange<size_t>(1, size_t(3 * tileK / gather + 2));
    kinds.resize(std::min(chunks, kinds.size() + run), kind);
  }
  return kinds;
}

inline std::vector<KeyRange> rangesOf(const ChunkKinds &kinds, int64_t gather, int64_t keyCount) {
  std::vector<KeyRange> result;
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (!kinds[i])
      continue;
    auto begin = uint32_t(int64_t(i) * gather);
    auto end = uint32_t(std::min(int64_t(begin) + gather, keyCount));
    if (i && kinds[i - 1] == kinds[i])
      result.back().end = end;
    else
      result.push_back({begin, end, kinds[i] == 2});
  }
  return result;
}

} // namespace halftone::test
