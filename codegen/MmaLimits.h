#pragma once

#include "dsl/Schedule.h"

namespace halftone {

/// Dynamic shared memory of a block: the query tile, whose place the output takes when it is
/// stored, and `stages` pairs of a key and a value tile; 16-bit elements. ht-to-mma lays it out so.
constexpr int64_t mmaSharedBytes(int64_t headDim, const Schedule &schedule) {
  return headDim * 2 * (int64_t(schedule.tileQ) + 2 * int64_t(schedule.stages) * schedule.tileK);
}

} // namespace halftone
