// Schedules of sm_90a: the one that always works, and what fits.
#include "codegen/HopSchedule.h"

#include "codegen/ScheduleChecks.h"
#include "dsl/WholeTiles.h"

namespace halftone {

namespace {

/// What a thread of a consumer holds all the time: the output's accumulator and the scores; with
/// overlap also the weights of the tile before.
constexpr int64_t registersOf(int64_t headDim, const Schedule &schedule) {
  int64_t weights = schedule.tileK / 4;
  return headDim / 2 + schedule.tileK / 2 + (schedule.overlap ? weights : 0);
}
/// What addresses, row statistics and temporaries need was found with ptxas 13.0; a mask by
/// expression needs more of what three warp groups have least of.
constexpr int64_t registersLeft(int64_t tileQ, bool masked) {
  return hopRegisters(tileQ / 64).consumer - (masked && tileQ == 192 ? 40 : 30);
}

std::string number(int64_t value) { return std::to_string(value); }

} // namespace

/// As measured on an H200 for head dim 128: wide gathered tiles under two warp groups for masks;
/// three warp groups for dense problems, where keys and values are read a third less often.
Schedule hopSchedule(const Problem &problem, const Target &target) {
  int64_t headDim = problem.shape().headDim;
  int64_t block = maskBlock(problem.pattern());
  Schedule schedule;
  schedule.tileQ = 128;
  schedule.tileK = headDim <= 128 ? 192 : headDim <= 192 ? 112 : 80;
  schedule.overlap = 1;
  schedule.stages = 2;
  int widest = headDim <= 128 ? 64 : 16;
  schedule.gather = block ? dividing(widest, block, 16) : widest;
  if (block && block < 128 && headDim > 128) // below, lists by warp group are faster
    schedule.tileQ = 64;
  // A mask by expression: finer chunks leave less to mask, and cost more to evaluate and to copy.
  if (!keepsWholeTiles(problem.pattern(), schedule.tileQ, schedule.gather)) {
    if (headDim <= 128)
      schedule.gather = block ? dividing(32, block, 16) : 32;
    // So do scores by expression, of registers.
    if (headDim > 96 && headDim <= 128 && (problem.softcap() || !problem.biases().empty()))
      schedule.tileK = 160;
    if (headDim > 192)
      schedule.tileK = 64;
  }
  // A mask of blocks too small for two warp groups is kept exactly by lists for each of three.
  bool byGroups = block && block < 128 && keepsWholeTiles(problem.pattern(), 64, schedule.gather);
  if (headDim <= 128 && (byGroups || keepsWholeTiles(problem.pattern(), 192, schedule.gather))) {
    schedule.groupLists = byGroups;
    schedule.tileQ = 192;
    schedule.tileK = 128;
    // Registers for both products at once are there only for a narrow output.
    schedule.overlap = headDim <= 64 && !byGroups;
    schedule.skipRescale = 1;
  }
  while (schedule.tileK > 16 && hopSharedBytes(headDim, schedule) > target.sharedBytes)
    schedule.tileK -= schedule.gather;
  return schedule;
}

Status checkHop(const Problem &problem, const Schedule &schedule, const Target &target) {
  if (Status status = checkTensorCores(problem, target); !status)
    return status;
  Schedule unset;
  if (Status status = checkUnused("warps", schedule.warps, unset.warps, target); !status)
    return status;
  if (Status status = checkUnused("vectorWidth", schedule.vectorWidth, 0, target); !status)
    return status;
  if (Status status = checkStep("tileQ", schedule.tileQ, 64, 192); !status)
    return status;
  if (Status status = checkStep("tileK", schedule.tileK, 16, 256); !status)
    return status;
  if (Status status = checkStep("gather", schedule.gather, 16, schedule.tileK); !status)
    return status;
  if (schedule.tileK % schedule.gather != 0)
    return misuse("gather=" + number(schedule.gather) +
                      " does not divide tileK=" + number(schedule.tileK),
                  "use gather=16");
  if (schedule.stages < 1 || schedule.stages > 8)
    return misuse("stages=" + number(schedule.stages) + " is not 1 to 8", "use stages=2");
  if (schedule.groupLists && schedule.overlap)
    return misuse("groupLists=1 takes one product at a time, not overlap=1", "use overlap=0");
  if (schedule.groupLists && schedule.pingPong)
    return misuse("groupLists=1 has no turns to take, as pingPong=1 asks for", "use pingPong=0");
  if (schedule.groupLists && schedule.tileQ == 64)
    return misuse("groupLists=1 takes more than one warp group", "use tileQ=128 or tileQ=192");
  int64_t headDim = problem.shape().headDim;
  int64_t boxes = (headDim + 63) / 64 * (schedule.tileK / schedule.gather);
  if (boxes > 32)
    return misuse("a key tile of " + number(boxes) +
                      " boxes; the 32 lanes of the producer copy one each",
                  "use a larger gather");
  if (schedule.pingPong && schedule.tileQ != 128)
    return misuse("pingPong=1 takes two warp groups, not " + number(schedule.tileQ / 64),
                  "use tileQ=128");
  if (headDim > 256)
    return unsupported("head dim " + number(headDim) + " on the target " + target.name,
                       "use sm_90, which has no such limit");
  if (Status status =
          checkShared(hopSharedBytes(headDim, schedule), target, hopSchedule(problem, target));
      !status)
    return status;
  bool masked = !keepsWholeTiles(problem.pattern(), schedule.keptRows(), schedule.gather);
  if (masked && schedule.tileQ == 192 && !schedule.groupLists)
    return unsupported("tileQ=192 for a mask by expression: three warp groups have no registers to "
                       "evaluate it under a product",
                       "use groupLists=1 overlap=0, or tileQ=128");
  int64_t registers = registersOf(headDim, schedule), left = registersLeft(schedule.tileQ, masked);
  if (registers > left)
    return unsupported("the schedule keeps " + number(registers) +
                           " registers of scores and outputs a thread; there is room for " +
                           number(left),
                       "use " + hopSchedule(problem, target).text());
  return {};
}

} // namespace halftone
