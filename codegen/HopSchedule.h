#pragma once

#include "codegen/Target.h"

namespace halftone {

/// The schedule of sm_90a that always works for this problem.
Schedule hopSchedule(const Problem &problem, const Target &target);
Status checkHop(const Problem &problem, const Schedule &schedule, const Target &target);

/// Registers of a thread, of the producer and of a consumer, with `groups` consumer warp groups:
/// what setmaxnreg asks for.
struct HopRegisters {
  int64_t producer, consumer;
};
constexpr HopRegisters hopRegisters(int64_t groups) {
  return groups == 3 ? HopRegisters{32, 160} : HopRegisters{groups == 2 ? 24 : 56, 240};
}

/// Operations of a mask by expression beyond which no registers are left for it beside a product.
/// Found with ptxas 13.0.
constexpr int64_t hopLongMask = 40;

/// Panels of 64 columns, of which a tile in shared memory is made.
constexpr int64_t hopPanels(int64_t headDim) { return (headDim + 63) / 64; }

/// Dynamic shared memory of a block: the query tile and two rings, in panels, then barriers and the
/// words of kept columns. hop-to-nvvm lays it out so.
constexpr int64_t hopSharedBytes(int64_t headDim, const Schedule &schedule) {
  int64_t row = hopPanels(headDim) * 128;
  int64_t tiles = row * (int64_t(schedule.tileQ) + 2 * int64_t(schedule.stages) * schedule.tileK);
  int64_t barriers = 8 + 2 * 16 * int64_t(schedule.stages);
  return tiles + (barriers + 15) / 16 * 16 + schedule.tileQ / 64 * int64_t{256};
}

} // namespace halftone
