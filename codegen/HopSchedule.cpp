// Schedules of sm_90a: the one that always works, and what fits.
#include "codegen/HopSchedule.h"

#include "codegen/ScheduleChecks.h"
#include "dsl/Program.h"
#include "dsl/WholeTiles.h"

#include <algorithm>

namespace halftone {

namespace {

/// What a thread of a consumer holds all the time: the output's accumulator and the scores; with
/// overlap also the weights of the tile before.
constexpr int64_t registersOf(int64_t headDim, const Schedule &schedule) {
  int64_t weights = schedule.tileK / 4;
  return headDim / 2 + schedule.tileK / 2 + (schedule.overlap ? weights : 0);
}
bool hasScores(const Problem &problem) { return problem.softcap() || !problem.biases().empty(); }

/// Sliding tiles have one, of the library's patterns.
bool isLongMask(const Problem &problem) {
  Result<Program> program = lowerProgram(problem);
  auto isOperation = [](const Instruction &one) { return one.op != Instruction::Op::Constant; };
  return program && std::ranges::count_if(program->code, isOperation) > hopLongMask;
}

/// What addresses, row statistics and temporaries need was found with ptxas 13.0. Beside three warp
/// groups, which have least, a mask by expression needs a word for every 64 columns, and lists by
/// warp group more where scores are by expression, or without a mask and without the test for a
/// rescaling.
int64_t registersLeft(const Problem &problem, const Schedule &schedule, bool masked) {
  int64_t needed = 30;
  if (schedule.tileQ == 192) {
    needed += masked ? (schedule.tileK + 63) / 64 : 0;
    if (schedule.groupLists && hasScores(problem))
      needed += 8;
    if (schedule.groupLists && !schedule.skipRescale && !masked)
      needed += 8;
  }
  return hopRegisters(schedule.tileQ / 64).consumer - needed;
}

std::string number(int64_t value) { return std::to_string(value); }

/// Each of two blocks copies half of the panels of 64 columns. Beside a mask that is evaluated
/// under two products there is no register for what a cluster needs.
Status checkCluster(const Problem &problem, const Schedule &schedule) {
  int64_t headDim = problem.shape().headDim;
  if (schedule.cluster == 1)
    return {};
  if (schedule.cluster != 2)
    return misuse("cluster=" + number(schedule.cluster) + " is not 1 or 2", "use cluster=2");
  if (int64_t panels = hopPanels(headDim); panels % 2 != 0)
    return unsupported("cluster=2 at head dim " + number(headDim) + ", whose " + number(panels) +
                           " panels of 64 columns two blocks cannot share evenly",
                       "use cluster=1");
  if (keepsWholeTiles(problem.pattern(), schedule.keptRows(), schedule.gather))
    return {};
  if (!schedule.groupLists)
    return unsupported("cluster=2 for a mask by expression without lists by warp group",
                       "use cluster=1, or groupLists=1 overlap=0");
  return {};
}

/// Where a frame has few blocks for so many frames, a mask keeps a block or two of far ones: the
/// warp groups of a tile of 192 rows keep too little together, and two that overlap are 3 to 7 %
/// faster on an H200 (bench/results/2026-11-30-h200-tuning.json).
bool hasNarrowBands(const Layout &queries) {
  return queries.frameCount() > 1 && queries.tokensPerFrame() < 100 * queries.frameCount();
}

} // namespace

/// As measured on an H200 for head dim 128: three warp groups, which read keys and values a third
/// less often than two; for masks of which one warp group keeps less than three do with lists for
/// each. There, and at head dims above 192, two blocks that share stages are 1 to 2.5 % faster:
/// power limits all of them, and bytes that do not come from the second-level cache take none. Two
/// warp groups with wide gathered tiles where three have no registers for it.
Schedule hopSchedule(const Problem &problem, const Target &target) {
  int64_t headDim = problem.shape().headDim;
  const Pattern &pattern = problem.pattern();
  const Layout &queries = problem.query();
  int64_t block = maskBlock(pattern);
  bool hasBands = bandsAcrossFrames(queries) > 1;
  Schedule schedule;
  schedule.tileQ = 128;
  schedule.tileK = headDim <= 128 ? 192 : headDim <= 192 ? 112 : 80;
  schedule.overlap = 1;
  // Where a stage is narrow the test pays, beside 192 scores it costs more than it saves.
  schedule.skipRescale = schedule.tileK < 192;
  schedule.stages = 2;
  int widest = headDim <= 128 ? 64 : 16;
  schedule.gather = block ? dividing(widest, block, 16) : widest;
  if (block && block < 128 && headDim > 128) // below, lists by warp group are faster
    schedule.tileQ = 64;
  bool ofTiles = headDim <= 128 && keepsWholeTiles(pattern, 192, schedule.gather);
  // A narrow output leaves registers for both products at once, which are worth more than lists to
  // a mask that two warp groups keep whole.
  bool byGroups = !ofTiles && block && headDim <= 128 && (headDim > 64 || block < 128) &&
                  keepsWholeTiles(pattern, 64, schedule.gather);
  bool overlaps = byGroups && block % 128 == 0 && hasNarrowBands(queries);
  byGroups &= !overlaps;
  // A mask by expression: finer chunks leave less to mask, and cost more to evaluate and to copy.
  bool masked = !byGroups && !keepsWholeTiles(pattern, schedule.tileQ, schedule.gather);
  if (masked) {
    if (headDim <= 128)
      schedule.gather = block ? dividing(32, block, 16) : 32;
    schedule.skipRescale = 0;
    // So do scores by expression, of registers.
    if (headDim > 96 && headDim <= 128 && hasScores(problem))
      schedule.tileK = 160;
    if (headDim > 192)
      schedule.tileK = 64;
  }
  // The loop over stages that are whole for all is the shortest there is, also where all are. By
  // expression lists are faster than two warp groups that overlap, and compile twice as fast.
  byGroups |= (masked || ofTiles) && headDim > 96 && headDim <= 128 && !hasScores(problem);
  if (byGroups || ofTiles) {
    schedule.groupLists = byGroups;
    schedule.skipRescale = 1;
    schedule.tileQ = 192;
    schedule.tileK = 128;
    if (byGroups && hasScores(problem)) {
      schedule.tileK = 96;
      schedule.gather = 16; // divides half of it
    }
    // Where bands have edges smaller chunks leave fewer keys to mask, each at the same cost. Masks
    // of plain sequences and of few frames have little of that, and copies cost, too.
    if (masked && hasBands)
      schedule.gather = 16;
    // Registers for both products at once are there only for a narrow output.
    schedule.overlap = headDim <= 64 && !byGroups;
  }
  if (overlaps) {
    schedule.tileK = schedule.gather = 128;
    schedule.stages = 3;
    schedule.skipRescale = 1;
  }
  // Two blocks keep few whole stages of sliding tiles.
  bool sharesStages = !masked || (byGroups && !isLongMask(problem));
  if (sharesStages && hopPanels(headDim) % 2 == 0 &&
      (schedule.tileQ == 192 || overlaps || (schedule.tileQ == 128 && headDim > 192)))
    schedule.cluster = 2;
  if (!ofTiles && hasBands)
    schedule.order = WorkOrder::AcrossFrames;
  while (schedule.tileK > 16 && hopSharedBytes(headDim, schedule) > target.sharedBytes)
    schedule.tileK -= schedule.gather;
  if (!masked && !block) // nothing to gather
    schedule.gather = schedule.groupLists ? schedule.tileK / 2 : schedule.tileK;
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
  bool masked = !keepsWholeTiles(problem.pattern(), schedule.keptRows(), schedule.gather);
  int64_t chunks = schedule.tileK / schedule.gather;
  if (schedule.groupLists && !masked && chunks % 2 != 0)
    return misuse("groupLists=1 halves key tiles, of which tileK=" + number(schedule.tileK) +
                      " in chunks of " + number(schedule.gather) + " has none",
                  "use tileK=" + number((chunks == 1 ? 2 : chunks - 1) * schedule.gather));
  int64_t headDim = problem.shape().headDim;
  if (Status status = checkCluster(problem, schedule); !status)
    return status;
  int64_t boxes = hopPanels(headDim) * chunks;
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
  // Only an error says what is nearest.
  if (int64_t bytes = hopSharedBytes(headDim, schedule); bytes > target.sharedBytes)
    return checkShared(bytes, target, hopSchedule(problem, target));
  if (masked && schedule.tileQ == 192 && !schedule.groupLists)
    return unsupported("tileQ=192 for a mask by expression: three warp groups have no registers to "
                       "evaluate it under a product",
                       "use groupLists=1 overlap=0, or tileQ=128");
  int64_t registers = registersOf(headDim, schedule),
          left = registersLeft(problem, schedule, masked);
  if (registers > left)
    return unsupported("the schedule keeps " + number(registers) +
                           " registers of scores and outputs a thread; there is room for " +
                           number(left),
                       "use " + hopSchedule(problem, target).text());
  return {};
}

} // namespace halftone
