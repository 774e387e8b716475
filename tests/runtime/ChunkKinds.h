#pragma once

#include "dsl/TileMap.h"
#include "runtime/GatheredStages.h"

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

/// Whether the flags of a stage's chunks say of it, or of either half, that they are consecutive.
inline bool hasRightFlags(std::span<const uint32_t> stage, int64_t gather) {
  auto startOf = [&](size_t i) { return stage[i] & ~consecutiveBit; };
  auto isRun = [&](size_t from, size_t to) {
    for (size_t i = from + 1; i < to; ++i)
      if (startOf(i) != startOf(i - 1) + uint32_t(gather))
        return false;
    return true;
  };
  size_t size = stage.size(), half = size / 2;
  bool isWhole = isRun(0, size);
  bool isHalves = !isWhole && size > 2 && size % 2 == 0 && isRun(0, half) && isRun(half, size);
  for (size_t i = 0; i < size; ++i)
    if (bool(stage[i] & consecutiveBit) != (i ? isHalves && i == half : isWhole))
      return false;
  return true;
}

} // namespace halftone::test
