// ht-to-hop: the tile program of a work item becomes a producer that copies and warp groups that
// multiply.
#include "codegen/Dialect/Hop/HopDialect.h"
#include "codegen/Dialect/Ht/HtDialect.h"
#include "codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace halftone {

#define GEN_PASS_DEF_HTTOHOPPASS
#include "codegen/Passes.h.inc"

namespace {

/// The pieces of an ht.kernel that the Hopper program is made of.
struct TileProgram {
  ht::ForKeyTilesOp full, partial;
  ht::MaskOp mask;
  ht::ScoreOp fullScore, partialScore;
  ht::SoftmaxEndOp end;
  bool lse = false;
};

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

class HopBuilder {
public:
  HopBuilder(ht::KernelOp kernel, TileProgram program, const HtToHopPassOptions &options)
      : kernel(kernel), program(program), options(options), builder(kernel.getLoc(), kernel) {}

  void build() {
    groups = kernel.getTileQ() / 64;
    createKernel();
    auto roles = hop::RolesOp::create(builder);
    builder.setInsertionPointToStart(&roles.getProducer().emplaceBlock());
    buildProducer();
    Block &consumer = roles.getConsumer().emplaceBlock();
    group = consumer.addArgument(builder.getI32Type(), builder.getLoc());
    builder.setInsertionPointToStart(&consumer);
    options.overlap ? buildOverlapped() : buildSerial();
  }

private:
  //===-- Types and small pieces -------------------------------------------------------------===//

  Type element() { return kernel.getElement(); }
  Type real() { return builder.getF32Type(); }
  hop::FragType frag(ArrayRef<int64_t> shape, Type type) {
    return hop::FragType::get(builder.getContext(), shape, type);
  }
  hop::FragType scoresType() { return frag({64, kernel.getTileK()}, real()); }
  hop::FragType weightsType() { return frag({64, kernel.getTileK()}, element()); }
  hop::FragType outputType() { return frag({64, kernel.getHeadDim()}, real()); }
  hop::FragType rowType() { return frag({64}, real()); }
  hop::TileType tileType(int64_t rows) {
    return hop::TileType::get(builder.getContext(), {rows, int64_t(kernel.getHeadDim())},
                              element());
  }
  Type slotType() { return hop::SlotType::get(builder.getContext()); }
  Type stageType() { return hop::StageType::get(builder.getContext()); }
  Type tokenType() { return hop::TokenType::get(builder.getContext()); }
  Value i32(int64_t value) {
    return arith::ConstantOp::create(builder, builder.getI32IntegerAttr(value));
  }
  Value fill(hop::FragType type, float value) {
    return hop::FillOp::create(builder, type, APFloat(value));
  }
  Value addI(Value a, Value b) { return arith::AddIOp::create(builder, a, b); }

  void createKernel() {
    int64_t producerRegisters = groups == 3 ? 32 : groups == 2 ? 24 : 56;
    int64_t consumerRegisters = groups == 3 ? 160 : 240;
    auto hopKernel = hop::KernelOp::create(
        builder, kernel.getSymName(), element(), kernel.getHeadDim(), kernel.getTileK(),
        uint32_t(options.gather), uint32_t(groups), uint32_t(producerRegisters),
        uint32_t(consumerRegisters), kernel.getLse());
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

  hop::ItemOp workItem() {
    return hop::ItemOp::create(builder, SmallVector<Type>(6, builder.getI32Type()));
  }

  //===-- The producer -----------------------------------------------------------------------===//

  /// Keys run one stage ahead of values, as the consumers need them; stage numbers are read two
  /// stages ahead of their use. The plan pads its stage list for that.
  void buildProducer() {
    auto item = workItem();
    Value head = item.getHead(), batch = item.getBatch(), first = item.getFirst();
    hop::LoadQueryOp::create(builder, queryTile, queryReady, item.getQuery(), head, batch);
    Value total = addI(item.getFull(), item.getPartial());
    Value zero = i32(0), one = i32(1), two = i32(2);
    Value slot = hop::FirstSlotOp::create(builder, slotType());
    Value stage = hop::LoadStageOp::create(builder, stageType(), first);
    Value next = hop::LoadStageOp::create(builder, stageType(), addI(first, one));
    scf::ForOp::create(
        builder, zero, addI(total, one), one, ValueRange{slot, slot, stage, next, stage},
        [&](OpBuilder &, Location, Value index, ValueRange carried) {
          // carried: key slot, value slot, this stage, the next one, the one before.
          Value later =
              hop::LoadStageOp::create(builder, stageType(), addI(addI(first, index), two));
          auto copyIf = [&](Value condition, ht::Operand operand, Value stage, Value ring,
                            Value slot) {
            auto branch = scf::IfOp::create(
                builder, condition,
                [&](OpBuilder &, Location) {
                  hop::CopyOp::create(builder, operand, stage, head, batch, ring, slot);
                  Value advanced = hop::NextSlotOp::create(builder, slotType(), slot, ring);
                  scf::YieldOp::create(builder, advanced);
                },
                [&](OpBuilder &, Location) { scf::YieldOp::create(builder, slot); });
            return branch.getResult(0);
          };
          Value hasKey = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, index, total);
          Value keySlot = copyIf(hasKey, ht::Operand::Key, carried[2], keys, carried[0]);
          Value hasValue = arith::CmpIOp::create(builder, arith::CmpIPredicate::sgt, index, zero);
          Value valueSlot = copyIf(hasValue, ht::Operand::Value, carried[4], values, carried[1]);
          scf::YieldOp::create(builder,
                               ValueRange{keySlot, valueSlot, carried[3], later, carried[2]});
        });
  }

  //===-- The consumers ----------------------------------------------------------------------===//

  /// Reads the work item, and the scalars of ht.kernel that the regions and the softmax use. Done
  /// again ahead of the masked loop and of the stores, so that the loop over full stages carries
  /// none of what only those need.
  void readScalars() {
    item = workItem();
    scalars.clear();
    scalars.map(itemOf(kernel)->getResults(), item->getResults());
    for (Operation &op : kernel.getBody().front())
      if (isa_and_nonnull<arith::ArithDialect, math::MathDialect>(op.getDialect()) ||
          isa<ht::ArgumentOp, ht::ParameterOp, ht::TableOp, ht::SlopeOp>(op))
        builder.clone(op, scalars);
    queryRow = addI(item.getQuery(), arith::MulIOp::create(builder, group, i32(64)));
  }

  void startConsumer() {
    readScalars();
    scale = scalars.lookup(program.end.getScale());
    queryRows = hop::RowsOp::create(builder, tileType(64), queryTile, group);
    firstColumns = hop::FirstColumnsOp::create(builder, builder.getI32Type());
    if (usesTurns()) {
      // Group 0 goes first: group 1 passes the turn before it takes its own.
      Value isSecond = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, group, i32(1));
      scf::IfOp::create(builder, isSecond, [&](OpBuilder &, Location) {
        hop::PassTurnOp::create(builder, group);
        scf::YieldOp::create(builder);
      });
    }
    hop::AwaitOp::create(builder, queryReady);
    makeScalePositive();
  }

  /// A dropped score is -infinity, and so must be its multiple by the softmax's scale. Where the
  /// scale is not positive the queries are negated, or cleared, and the scale with them.
  void makeScalePositive() {
    if (matchPattern(scale, m_Constant()))
      return;
    auto real = [&](float value) -> Value {
      return arith::ConstantOp::create(builder, builder.getF32FloatAttr(value));
    };
    auto compare = [&](arith::CmpFPredicate predicate) -> Value {
      return arith::CmpFOp::create(builder, predicate, scale, real(0));
    };
    Value isNegative = compare(arith::CmpFPredicate::OLT);
    auto select = [&](Value condition, Value a, Value b) -> Value {
      return arith::SelectOp::create(builder, condition, a, b);
    };
    Value andBits = select(isNegative, i32(-1), i32(0));
    Value xorBits = select(isNegative, i32(int32_t(0x80008000)), i32(0));
    scf::IfOp::create(builder, compare(arith::CmpFPredicate::ULE), [&](OpBuilder &, Location) {
      hop::RewriteOp::create(builder, queryRows, group, andBits, xorBits);
      scf::YieldOp::create(builder);
    });
    Value opposite = select(isNegative, arith::NegFOp::create(builder, scale), real(1));
    scale = select(compare(arith::CmpFPredicate::OGT), scale, opposite);
  }

  static ht::WorkItemOp itemOf(ht::KernelOp kernel) {
    return *kernel.getBody().front().getOps<ht::WorkItemOp>().begin();
  }
  bool usesTurns() { return options.pingPong && groups == 2; }

  /// Clones the region of ht.mask or ht.score: its arguments are the same, what it reads from
  /// outside are scalars.
  /// With `reload`, parameters are read where they are used: a register that holds one all through
  /// the loop is a register that the accumulators lack.
  void cloneBody(Region &from, Region &to, bool reload = false) {
    Block &block = to.emplaceBlock();
    IRMapping mapping = scalars;
    for (BlockArgument argument : from.getArguments())
      mapping.map(argument, block.addArgument(argument.getType(), builder.getLoc()));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&block);
    for (Operation &op : from.front().without_terminator()) {
      for (Value operand : op.getOperands())
        if (auto parameter = operand.getDefiningOp<ht::ParameterOp>();
            parameter && reload && parameter->getBlock() != op.getBlock())
          builder.clone(*parameter, mapping)->setAttr("ht.reload", builder.getUnitAttr());
      builder.clone(op, mapping);
    }
    Value result = mapping.lookupOrDefault(from.front().getTerminator()->getOperand(0));
    hop::YieldOp::create(builder, result);
  }

  Value score(Value scores, ht::ScoreOp from, Value stage) {
    if (!from)
      return scores;
    auto op = hop::ScoreOp::create(builder, scores.getType(), scores, item.getBatch(),
                                   item.getHead(), queryRow, stage);
    cloneBody(from.getBody(), op.getBody());
    return op.getResult();
  }

  Value keep(Value stage) {
    auto type = hop::KeptType::get(builder.getContext(), kernel.getTileK());
    auto op = hop::KeepOp::create(builder, type, item.getBatch(), item.getHead(), queryRow, stage);
    cloneBody(program.mask.getBody(), op.getBody(), /*reload=*/true);
    return op.getKept();
  }
  Value mask(Value scores, Value kept) {
    return hop::MaskOp::create(builder, scores.getType(), scores, kept);
  }

  hop::SoftmaxStepOp softmax(Value scores, Value maximum, Value sum) {
    return hop::SoftmaxStepOp::create(builder, scores.getType(), rowType(), rowType(), rowType(),
                                      scores, maximum, sum, scale, options.skipRescale);
  }
  Value pack(Value weights) { return hop::PackOp::create(builder, weightsType(), weights); }
  Value rescale(Value output, Value correction) {
    return hop::RescaleOp::create(builder, output.getType(), output, correction,
                                  options.skipRescale);
  }
  hop::ProductOp multiplyKeys(Value slot) {
    auto tile = hop::AwaitSlotOp::create(builder, tileType(kernel.getTileK()), keys, slot);
    return hop::ProductOp::create(builder, scoresType(), tokenType(), queryRows, tile, Value(),
                                  /*transposeB=*/true);
  }
  hop::ProductOp multiplyValues(Value weights, Value slot, Value output, Value kept = {}) {
    Value tile = hop::AwaitSlotOp::create(builder, tileType(kernel.getTileK()), values, slot);
    if (kept)
      hop::ClearUnkeptOp::create(builder, tile, kept, queryRow);
    return hop::ProductOp::create(builder, outputType(), tokenType(), weights, tile, output,
                                  /*transposeB=*/false);
  }
  SmallVector<Value> wait(hop::ProductOp product, ValueRange accumulators,
                          ValueRange reading = {}) {
    auto op = hop::WaitOp::create(builder, accumulators.getTypes(), product.getToken(),
                                  accumulators, reading);
    return SmallVector<Value>(op.getResults());
  }
  Value next(Value slot, Value ring) {
    return hop::NextSlotOp::create(builder, slotType(), slot, ring);
  }

  void finish(Value output, Value maximum, Value sum) {
    auto end = hop::SoftmaxEndOp::create(builder, output.getType(), rowType(), output, maximum, sum,
                                         scale);
    readScalars();
    hop::StoreOutputOp::create(builder, end.getOutput(), queryRow, item.getHead(), item.getBatch());
    if (program.lse)
      hop::StoreLseOp::create(builder, end.getLse(), queryRow, item.getHead(), item.getBatch());
  }

  /// S(j + 1) = Q K(j + 1) and O += P(j) V(j) are in flight together, and the softmax of S(j + 1)
  /// runs beside the second (FlashAttention-3's overlap within a warp group). The first stage is
  /// the only one with padding columns; the full stages follow, then the masked ones.
  void buildOverlapped() {
    startConsumer();
    Value one = i32(1);
    Value slot = hop::FirstSlotOp::create(builder, slotType());
    auto product = multiplyKeys(slot);
    Value scores = wait(product, product.getResult())[0];
    hop::ReleaseOp::create(builder, keys, slot);
    scores = score(scores, program.fullScore, item.getFirst());
    scores = hop::MaskColumnsOp::create(builder, scores.getType(), scores, firstColumns);
    auto step = softmax(scores, fill(rowType(), lowest), fill(rowType(), 0));
    SmallVector<Value> state{fill(outputType(), 0), pack(step.getWeights()), step.getNewMaximum(),
                             step.getNewSum(), slot};
    state = overlappedLoop(one, item.getFull(), state, /*masked=*/false);
    if (options.masked) {
      readScalars();
      Value total = addI(item.getFull(), item.getPartial());
      state = overlappedLoop(item.getFull(), total, state, /*masked=*/true);
    }
    auto last = multiplyValues(state[1], state[4], state[0]);
    Value output = wait(last, last.getResult(), state[1])[0];
    finish(output, state[2], state[3]);
  }

  /// state: output, packed weights of the stage before, maximum, sum, slot of the stage before.
  SmallVector<Value> overlappedLoop(Value from, Value to, ArrayRef<Value> state, bool masked) {
    auto loop = scf::ForOp::create(
        builder, from, to, i32(1), state,
        [&](OpBuilder &, Location, Value index, ValueRange carried) {
          Value output = carried[0], weights = carried[1], previous = carried[4];
          Value slot = next(previous, keys);
          Value stage = addI(item.getFirst(), index);
          // Before the products: beside both of them there are no registers for it.
          Value kept = masked ? keep(stage) : Value();
          auto tile = hop::AwaitSlotOp::create(builder, tileType(kernel.getTileK()), keys, slot);
          if (usesTurns())
            hop::TakeTurnOp::create(builder, group);
          auto scoresProduct = hop::ProductOp::create(builder, scoresType(), tokenType(), queryRows,
                                                      tile, Value(), /*transposeB=*/true);
          auto outputProduct = multiplyValues(weights, previous, output);
          if (usesTurns())
            hop::PassTurnOp::create(builder, group);
          SmallVector<Value> ready =
              wait(scoresProduct, ValueRange{scoresProduct.getResult(), outputProduct.getResult()});
          hop::ReleaseOp::create(builder, keys, slot);
          Value scores = score(ready[0], masked ? program.partialScore : program.fullScore, stage);
          if (masked)
            scores = mask(scores, kept);
          auto step = softmax(scores, carried[2], carried[3]);
          output = wait(outputProduct, ready[1], weights)[0];
          hop::ReleaseOp::create(builder, values, previous);
          if (masked) {
            // The values that this stage's weights will meet in the next step.
            Value valueTile =
                hop::AwaitSlotOp::create(builder, tileType(kernel.getTileK()), values, slot);
            hop::ClearUnkeptOp::create(builder, valueTile, kept, queryRow);
          }
          Value packed = pack(step.getWeights());
          output = rescale(output, step.getCorrection());
          scf::YieldOp::create(
              builder, ValueRange{output, packed, step.getNewMaximum(), step.getNewSum(), slot});
        });
    return SmallVector<Value>(loop.getResults());
  }

  /// One product after the other: fewer live registers, for three warp groups.
  void buildSerial() {
    startConsumer();
    Value slot = hop::FirstSlotOp::create(builder, slotType());
    SmallVector<Value> state{fill(outputType(), 0), fill(rowType(), lowest), fill(rowType(), 0),
                             slot, firstColumns};
    state = serialLoop(i32(0), item.getFull(), state, /*masked=*/false);
    if (options.masked) {
      readScalars();
      Value total = addI(item.getFull(), item.getPartial());
      state = serialLoop(item.getFull(), total, state, /*masked=*/true);
    }
    finish(state[0], state[1], state[2]);
  }

  /// state: output, maximum, sum, slot, valid columns of the stage at hand.
  SmallVector<Value> serialLoop(Value from, Value to, ArrayRef<Value> state, bool masked) {
    auto loop = scf::ForOp::create(
        builder, from, to, i32(1), state,
        [&](OpBuilder &, Location, Value index, ValueRange carried) {
          Value slot = carried[3], stage = addI(item.getFirst(), index);
          auto tile = hop::AwaitSlotOp::create(builder, tileType(kernel.getTileK()), keys, slot);
          if (usesTurns())
            hop::TakeTurnOp::create(builder, group);
          auto product = hop::ProductOp::create(builder, scoresType(), tokenType(), queryRows, tile,
                                                Value(), /*transposeB=*/true);
          if (usesTurns())
            hop::PassTurnOp::create(builder, group);
          Value kept = masked ? keep(stage) : Value();
          Value scores = wait(product, product.getResult())[0];
          hop::ReleaseOp::create(builder, keys, slot);
          scores = score(scores, masked ? program.partialScore : program.fullScore, stage);
          if (masked) {
            scores = mask(scores, kept);
          } else {
            Value padded = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, carried[4],
                                                 i32(kernel.getTileK()));
            auto branch = scf::IfOp::create(
                builder, padded,
                [&](OpBuilder &, Location) {
                  Value cut =
                      hop::MaskColumnsOp::create(builder, scores.getType(), scores, carried[4]);
                  scf::YieldOp::create(builder, cut);
                },
                [&](OpBuilder &, Location) { scf::YieldOp::create(builder, scores); });
            scores = branch.getResult(0);
          }
          auto step = softmax(scores, carried[1], carried[2]);
          Value packed = pack(step.getWeights());
          Value output = rescale(carried[0], step.getCorrection());
          auto outputProduct = multiplyValues(packed, slot, output, kept);
          output = wait(outputProduct, outputProduct.getResult(), packed)[0];
          hop::ReleaseOp::create(builder, values, slot);
          scf::YieldOp::create(builder, ValueRange{output, step.getNewMaximum(), step.getNewSum(),
                                                   next(slot, keys), i32(kernel.getTileK())});
        });
    return SmallVector<Value>(loop.getResults());
  }

  // A finite start: -infinity minus itself would be NaN. No product of 16-bit numbers comes near
  // it.
  static constexpr float lowest = -1e30f;

  ht::KernelOp kernel;
  TileProgram program;
  const HtToHopPassOptions &options;
  ImplicitLocOpBuilder builder;
  int64_t groups = 0;
  Value queryTile, keys, values, queryReady, group;
  hop::ItemOp item;
  IRMapping scalars;
  Value scale, queryRow, queryRows, firstColumns;
};

struct HtToHopPass : impl::HtToHopPassBase<HtToHopPass> {
  using HtToHopPassBase::HtToHopPassBase;

  void runOnOperation() override {
    HtToHopPassOptions chosen;
    chosen.gather = gather;
    chosen.overlap = overlap;
    chosen.pingPong = pingPong;
    chosen.skipRescale = skipRescale;
    chosen.masked = masked;
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
