// ht-to-hop: the tile program of a work item becomes a producer that copies and warp groups that
// multiply.
#include "codegen/Transforms/HtToHop.h"

#include "codegen/HopSchedule.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace halftone {

#define GEN_PASS_DEF_HTTOHOPPASS
#include "codegen/Passes.h.inc"

void HopBuilder::build() {
  groups = kernel.getTileQ() / 64;
  createKernel();
  if (options.groupLists && options.masked)
    buildKeeping();
  auto roles = hop::RolesOp::create(builder);
  builder.setInsertionPointToStart(&roles.getProducer().emplaceBlock());
  buildProducer();
  Block &consumer = roles.getConsumer().emplaceBlock();
  group = consumer.addArgument(builder.getI32Type(), builder.getLoc());
  builder.setInsertionPointToStart(&consumer);
  options.groupLists ? buildGrouped() : options.overlap ? buildOverlapped() : buildSerial();
}

void HopBuilder::createKernel() {
  HopRegisters registers = hopRegisters(groups);
  auto hopKernel = hop::KernelOp::create(
      builder, kernel.getSymName(), element(), kernel.getHeadDim(), kernel.getTileK(),
      uint32_t(options.gather), uint32_t(groups), uint32_t(registers.producer),
      uint32_t(registers.consumer), options.groupLists, uint32_t(options.cluster), kernel.getLse());
  builder.setInsertionPointToStart(&hopKernel.getBody().emplaceBlock());
  queryTile = hop::TileOp::create(builder, tileType(kernel.getTileQ()));
  auto ringType = hop::RingType::get(
      builder.getContext(),
      {int64_t(kernel.getStages()), int64_t(kernel.getTileK()), int64_t(kernel.getHeadDim())},
      element());
  keys = hop::RingOp::create(builder, ringType);
  values = hop::RingOp::create(builder, ringType);
  queryReady = hop::BarrierOp::create(builder, hop::BarrierType::get(builder.getContext()));
}

/// Keys run one stage ahead of values, as the consumers need them; stage numbers are read two
/// stages ahead of their use. The plan pads its stage list for that.
void HopBuilder::buildProducer() {
  auto item = workItem();
  Value head = item.getHead(), batch = item.getBatch(), first = item.getFirst();
  hop::LoadQueryOp::create(builder, queryTile, queryReady, item.getQuery(), head, batch);
  Value sharedStages;
  if (inCluster())
    sharedStages = hop::SharedStagesOp::create(builder, builder.getI32Type());
  auto isShared = [&](Value index) -> Value {
    if (!inCluster())
      return {};
    return arith::CmpIOp::create(builder, arith::CmpIPredicate::ult,
                                 addI(index, i32(-firstShared())), sharedStages);
  };
  Value total = addI(item.getFull(), item.getPartial());
  Value zero = i32(0), one = i32(1), two = i32(2);
  Value slot = hop::FirstSlotOp::create(builder, slotType());
  Value stage = hop::LoadStageOp::create(builder, stageType(), first);
  Value next = hop::LoadStageOp::create(builder, stageType(), addI(first, one));
  scf::ForOp::create(
      builder, zero, addI(total, one), one, ValueRange{slot, slot, stage, next, stage},
      [&](OpBuilder &, Location, Value index, ValueRange carried) {
        // carried: key slot, value slot, this stage, the next one, the one before.
        Value later = hop::LoadStageOp::create(builder, stageType(), addI(addI(first, index), two));
        auto copyIf = [&](Value condition, ht::Operand operand, Value stage, Value number,
                          Value ring, Value slot) {
          auto branch = scf::IfOp::create(
              builder, condition,
              [&](OpBuilder &, Location) {
                hop::CopyOp::create(builder, operand, stage, head, batch, ring, slot,
                                    isShared(number));
                Value advanced = hop::NextSlotOp::create(builder, slotType(), slot, ring);
                scf::YieldOp::create(builder, advanced);
              },
              [&](OpBuilder &, Location) { scf::YieldOp::create(builder, slot); });
          return branch.getResult(0);
        };
        Value hasKey = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, index, total);
        Value keySlot = copyIf(hasKey, ht::Operand::Key, carried[2], index, keys, carried[0]);
        Value hasValue = arith::CmpIOp::create(builder, arith::CmpIPredicate::sgt, index, zero);
        Value valueSlot = copyIf(hasValue, ht::Operand::Value, carried[4], addI(index, i32(-1)),
                                 values, carried[1]);
        scf::YieldOp::create(builder,
                             ValueRange{keySlot, valueSlot, carried[3], later, carried[2]});
      });
}

namespace {

FailureOr<TileProgram> readTileProgram(ht::KernelOp kernel) {
  TileProgram program;
  for (Operation &op : kernel.getBody().front()) {
    if (auto loop = dyn_cast<ht::ForKeyTilesOp>(op))
      (loop.getCoverage() == ht::Coverage::Full ? program.full : program.partial) = loop;
    if (auto end = dyn_cast<ht::SoftmaxEndOp>(op))
      program.end = end;
    program.lse |= isa<ht::StoreLseOp>(op);
  }
  if (!program.full || !program.partial || !program.end)
    return kernel.emitOpError("is not a forward kernel as ht-tile-attention makes it: it needs a "
                              "full and a partial loop and a softmax_end");
  for (Operation &op : program.full.getBody().front())
    if (auto score = dyn_cast<ht::ScoreOp>(op))
      program.fullScore = score;
  for (Operation &op : program.partial.getBody().front()) {
    if (auto score = dyn_cast<ht::ScoreOp>(op))
      program.partialScore = score;
    if (auto mask = dyn_cast<ht::MaskOp>(op))
      program.mask = mask;
  }
  if (!program.mask)
    return program.partial.emitOpError("has no ht.mask");
  return program;
}

struct HtToHopPass : impl::HtToHopPassBase<HtToHopPass> {
  using HtToHopPassBase::HtToHopPassBase;

  void runOnOperation() override {
    HtToHopPassOptions chosen;
    chosen.gather = gather;
    chosen.overlap = overlap;
    chosen.pingPong = pingPong;
    chosen.skipRescale = skipRescale;
    chosen.groupLists = groupLists;
    chosen.cluster = cluster;
    chosen.masked = masked;
    if (groupLists && overlap) {
      getOperation().emitError("group-lists takes one product at a time; it excludes overlap");
      return signalPassFailure();
    }
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<ht::KernelOp>())) {
      if (kernel.getTileQ() % 64 || kernel.getTileQ() > 192) {
        kernel.emitOpError() << "has " << kernel.getTileQ()
                             << " query rows; warp groups of 64 rows make 64, 128 or 192";
        return signalPassFailure();
      }
      FailureOr<TileProgram> program = readTileProgram(kernel);
      if (failed(program))
        return signalPassFailure();
      HopBuilder(kernel, *program, chosen).build();
      kernel.erase();
    }
  }
};

} // namespace
} // namespace halftone
