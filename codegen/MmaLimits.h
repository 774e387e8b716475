#pragma once

#include "dsl/Schedule.h"

#include <algorithm>

namespace halftone {

/// How `threads` threads (a power of two) divide a tile whose rows are `chunks` pieces of 16 bytes:
/// so many neighbours take the pieces of a row, and the rest other rows, eight or a multiple at
/// once, so that a thread's swizzle never changes.
constexpr int64_t mmaCopyWidth(int64_t chunks, int64_t threads) {
  return std::max<int64_t>(1, std::min<int64_t>(chunks & -chunks, threads / 8));
}

/// Rows of a tile that the threads take at once; a tile that they share evenly has a multiple of
/// it.
constexpr int64_t mmaCopyRows(int64_t headDim, int64_t threads) {
  return threads / mmaCopyWidth(headDim / 8, threads);
}

/// Dynamic shared memory of a block: the query tile, whose place the output takes when it is
/// stored, and `stages` pairs of a key and a value tile; 16-bit elements. ht-to-mma lays it out so.
constexpr int64_t mmaSharedBytes(int64_t headDim, const Schedule &schedule) {
  return headDim * 2 * (int64_t(schedule.tileQ) + 2 * int64_t(schedule.stages) * schedule.tileK);
}

} // namespace halftone
