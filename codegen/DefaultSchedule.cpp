// The schedule that always works, and what a target can run.
#include "codegen/HopSchedule.h"
#include "codegen/MmaLimits.h"
#include "codegen/ScheduleChecks.h"
#include "dsl/WholeTiles.h"

#include <algorithm>

namespace halftone {

namespace {

/// The fastest of those tried on an H100 (dense, bf16, 16,384 tokens). Up to a head dim of 128, 32
/// rows a warp: keys and values are read from shared memory half as often as with 16, which is
/// worth the few registers that spill at 96 and 128. Beyond, only 16 rows fit in the registers, and
/// one stage leaves room for a second block, or for a block of 8 warps.
Schedule mmaSchedule(const Problem &problem, const Target &target) {
  int64_t headDim = problem.shape().headDim;
  Schedule schedule;
  schedule.tileQ = 128;
  schedule.tileK = 64;
  schedule.stages = headDim <= 128 ? 2 : 1;
  if (int64_t block = maskBlock(problem.pattern())) {
    schedule.tileQ = dividing(schedule.tileQ, block, 64);
    schedule.tileK =
        dividing(schedule.tileK, block, int(std::max<int64_t>(16, mmaCopyRows(headDim, 4 * 32))));
  }
  if (mmaSharedBytes(headDim, schedule) > target.sharedBytes)
    schedule.tileQ = 64;
  if (headDim > 128 && schedule.tileK % mmaCopyRows(headDim, 8 * 32) != 0)
    schedule.tileQ = 64;
  schedule.warps = headDim > 128 && schedule.tileQ == 128 ? 8 : 4;
  return schedule;
}

Schedule cpuSchedule(const Problem &problem) {
  Schedule schedule;
  schedule.tileQ = 64;
  schedule.tileK = 64;
  if (int64_t block = maskBlock(problem.pattern())) {
    schedule.tileQ = dividing(schedule.tileQ, block, 16);
    schedule.tileK = dividing(schedule.tileK, block, 16);
  }
  return schedule;
}

std::string number(int64_t value) { return std::to_string(value); }

/// The fields that only sm_90a has.
Status checkNoHop(const Schedule &schedule, const Target &target) {
  for (auto [name, value] : {std::pair{"gather", schedule.gather},
                             {"overlap", schedule.overlap},
                             {"pingPong", schedule.pingPong},
                             {"skipRescale", schedule.skipRescale},
                             {"groupLists", schedule.groupLists}})
    if (Status status = checkUnused(name, value, 0, target); !status)
      return status;
  return checkUnused("cluster", schedule.cluster, 1, target);
}

Status checkMma(const Problem &problem, const Schedule &schedule, const Target &target) {
  int64_t headDim = problem.shape().headDim;
  if (Status status = checkTensorCores(problem, target); !status)
    return status;
  if (Status status = checkUnused("vectorWidth", schedule.vectorWidth, 0, target); !status)
    return status;
  if (Status status = checkNoHop(schedule, target); !status)
    return status;
  int warps = schedule.warps;
  if (warps != 1 && warps != 2 && warps != 4 && warps != 8)
    return misuse("warps=" + number(warps) + " is not 1, 2, 4 or 8", "use warps=4");
  if (schedule.stages < 1 || schedule.stages > 2)
    return misuse("stages=" + number(schedule.stages) + " is not 1 or 2",
                  schedule.stages < 1 ? "use stages=1" : "use stages=2");
  int64_t rows = 16 * int64_t(warps);
  if (Status status = checkStep("tileQ", schedule.tileQ, rows, 256); !status)
    return status;
  if (Status status = checkStep("tileK", schedule.tileK, 16, 128); !status)
    return status;
  if (int64_t step = mmaCopyRows(headDim, 32 * warps); schedule.tileK % step != 0)
    return misuse("tileK=" + number(schedule.tileK) + " cannot be shared evenly by " +
                      number(warps) + " warps, which copy " + number(step) +
                      " rows of this head dim at once",
                  "use tileK=" + number((schedule.tileK + step - 1) / step * step));
  return checkShared(mmaSharedBytes(headDim, schedule), target, mmaSchedule(problem, target));
}

Status checkCpu(const Schedule &schedule, const Target &target) {
  Schedule unset;
  if (Status status = checkUnused("stages", schedule.stages, unset.stages, target); !status)
    return status;
  if (Status status = checkUnused("warps", schedule.warps, unset.warps, target); !status)
    return status;
  if (Status status = checkNoHop(schedule, target); !status)
    return status;
  int width = schedule.vectorWidth;
  if (width != 0 && width != 4 && width != 8 && width != 16)
    return misuse("vectorWidth=" + number(width) + " is not 0, 4, 8 or 16",
                  "use vectorWidth=0, the machine's own");
  if (Status status = checkStep("tileQ", schedule.tileQ, 8, 256); !status)
    return status;
  return checkStep("tileK", schedule.tileK, 16, 256);
}

} // namespace

Schedule defaultSchedule(const Problem &problem, const Target &target) {
  switch (target.kind) {
  case Target::Kind::Cpu:
    return cpuSchedule(problem);
  case Target::Kind::Mma:
    return mmaSchedule(problem, target);
  case Target::Kind::Hop:
    return hopSchedule(problem, target);
  }
  return {};
}

Status checkSchedule(const Problem &problem, const Schedule &schedule, const Target &target) {
  switch (target.kind) {
  case Target::Kind::Cpu:
    return checkCpu(schedule, target);
  case Target::Kind::Mma:
    return checkMma(problem, schedule, target);
  case Target::Kind::Hop:
    return checkHop(problem, schedule, target);
  }
  return {};
}

} // namespace halftone
