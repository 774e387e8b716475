// What a consumer warp group of a hop.kernel does: products, softmax, masks.
#include "codegen/Transforms/HtToHop.h"

#include "codegen/HopSchedule.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace halftone {

/// Reads the work item, and the scalars of ht.kernel that the regions and the softmax use. Done
/// again ahead of the masked loop and of the stores, so that the loop over full stages carries
/// none of what only those need.
void HopBuilder::readScalars() {
  item = workItem();
  scalars.clear();
  scalars.map(itemOf(kernel)->getResults(), item->getResults());
  for (Operation &op : kernel.getBody().front())
    if (isa_and_nonnull<arith::ArithDialect, math::MathDialect>(op.getDialect()) ||
        isa<ht::ArgumentOp, ht::ParameterOp, ht::TableOp, ht::SlopeOp>(op))
      builder.clone(op, scalars);
  queryRow = addI(item.getQuery(), arith::MulIOp::create(builder, group, i32(64)));
}

void HopBuilder::startConsumer() {
  readScalars();
  if (inCluster()) {
    sharedEnd = addI(hop::SharedStagesOp::create(builder, builder.getI32Type()),
                     options.groupLists ? item.getFirst() : i32(firstShared()));
  }
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
void HopBuilder::makeScalePositive() {
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

/// Clones the region of ht.mask or ht.score: its arguments are the same, what it reads from
/// outside are scalars.
/// With `reload`, parameters are read where they are used: a register that holds one all through
/// the loop is a register that the accumulators lack.
void HopBuilder::cloneBody(Region &from, Region &to, bool reload) {
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
        cast<ht::ParameterOp>(builder.clone(*parameter, mapping)).setAnew(true);
    builder.clone(op, mapping);
  }
  Value result = mapping.lookupOrDefault(from.front().getTerminator()->getOperand(0));
  hop::YieldOp::create(builder, result);
}

Value HopBuilder::score(Value scores, ht::ScoreOp from, Value stage, const Part &part) {
  if (!from)
    return scores;
  auto op = hop::ScoreOp::create(builder, scores.getType(), scores, item.getBatch(), item.getHead(),
                                 queryRow, stage, firstColumn(part));
  cloneBody(from.getBody(), op.getBody());
  return op.getResult();
}

Value HopBuilder::keep(Value stage) {
  auto type = hop::KeptType::get(builder.getContext(), kernel.getTileK());
  auto op = hop::KeepOp::create(builder, type, item.getBatch(), item.getHead(), queryRow, stage);
  cloneBody(program.mask.getBody(), op.getBody(), /*reload=*/true);
  return op.getKept();
}

bool HopBuilder::isLongMask() {
  return llvm::range_size(program.mask.getBody().front()) > hopLongMask;
}

Value HopBuilder::mask(Value scores, Value kept) {
  return hop::MaskOp::create(builder, scores.getType(), scores, kept);
}

hop::SoftmaxStepOp HopBuilder::softmax(Value scores, Value maximum, Value sum) {
  return hop::SoftmaxStepOp::create(builder, scores.getType(), rowType(), rowType(), rowType(),
                                    scores, maximum, sum, scale, options.skipRescale);
}

Value HopBuilder::rescale(Value output, Value correction) {
  return hop::RescaleOp::create(builder, output.getType(), output, correction, options.skipRescale);
}

Value HopBuilder::firstColumn(const Part &part) {
  if (!part.half)
    return {};
  return arith::MulIOp::create(builder, part.half, i32(columnsOf(part)));
}

Value HopBuilder::await(Value ring, const Part &part) {
  Value tile = hop::AwaitSlotOp::create(builder, tileType(kernel.getTileK()), ring, part.slot);
  if (part.half)
    tile = hop::RowsOp::create(builder, tileType(columnsOf(part)), tile, part.half);
  return tile;
}

hop::ProductOp HopBuilder::multiplyKeys(Value tile) {
  int64_t columns = cast<hop::TileType>(tile.getType()).getRows();
  return hop::ProductOp::create(builder, frag({64, columns}, real()), tokenType(), queryRows, tile,
                                Value(), /*transposeB=*/true);
}

/// Of stage `index` of the item.
Value HopBuilder::needsClearing(Value index) {
  return arith::CmpIOp::create(builder, arith::CmpIPredicate::sge, index, firstClearing);
}

void HopBuilder::clearUnkept(Value slot, Value kept, Value isNeeded) {
  Value tile = await(values, {slot});
  scf::IfOp::create(builder, isNeeded, [&](OpBuilder &, Location) {
    hop::ClearUnkeptOp::create(builder, tile, kept, queryRow);
    scf::YieldOp::create(builder);
  });
}

hop::ProductOp HopBuilder::multiplyValues(Value weights, Value tile, Value output) {
  return hop::ProductOp::create(builder, outputType(), tokenType(), weights, tile, output,
                                /*transposeB=*/false);
}

SmallVector<Value> HopBuilder::wait(hop::ProductOp product, ValueRange accumulators,
                                    ValueRange reading) {
  auto op = hop::WaitOp::create(builder, accumulators.getTypes(), product.getToken(), accumulators,
                                reading);
  return SmallVector<Value>(op.getResults());
}

/// The next copy into the slot is that of the stage as many further as the ring has slots.
void HopBuilder::release(Value ring, const Part &part, Value stage) {
  if (part.isLast) {
    scf::IfOp::create(builder, part.isLast, [&](OpBuilder &, Location) {
      hop::ReleaseOp::create(builder, ring, part.slot, Value());
      scf::YieldOp::create(builder);
    });
    return;
  }
  Value shared;
  if (inCluster() && stage)
    shared = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt,
                                   addI(stage, i32(kernel.getStages())), sharedEnd);
  hop::ReleaseOp::create(builder, ring, part.slot, shared);
}

Value HopBuilder::next(Value slot, Value ring) {
  return hop::NextSlotOp::create(builder, slotType(), slot, ring);
}

/// No slot is released from here on, which is when the other block of a cluster may be gone.
void HopBuilder::finish(Value output, Value maximum, Value sum) {
  if (inCluster())
    hop::ClusterArriveOp::create(builder);
  auto end =
      hop::SoftmaxEndOp::create(builder, output.getType(), rowType(), output, maximum, sum, scale);
  readScalars();
  hop::StoreOutputOp::create(builder, end.getOutput(), queryRow, item.getHead(), item.getBatch());
  if (program.lse)
    hop::StoreLseOp::create(builder, end.getLse(), queryRow, item.getHead(), item.getBatch());
  if (inCluster())
    hop::ClusterWaitOp::create(builder);
}

/// S(j + 1) = Q K(j + 1) and O += P(j) V(j) are in flight together, and the softmax of S(j + 1)
/// runs beside the second (FlashAttention-3's overlap within a warp group). The first stage is
/// the only one with padding columns; the full stages follow. Stages to mask come last, one product
/// after the other: beside two of them there are no registers for a mask, and it is evaluated while
/// the first runs.
void HopBuilder::buildOverlapped() {
  startConsumer();
  Value one = i32(1);
  Value slot = hop::FirstSlotOp::create(builder, slotType());
  auto product = multiplyKeys(await(keys, {slot}));
  Value scores = wait(product, product.getResult())[0];
  release(keys, {slot}, i32(0));
  scores = score(scores, program.fullScore, item.getFirst(), {slot});
  scores = hop::MaskColumnsOp::create(builder, scores.getType(), scores, firstColumns);
  auto step = softmax(scores, fill(rowType(), lowest), fill(rowType(), 0));
  SmallVector<Value> state{fill(outputType(), 0), pack(step.getWeights()), step.getNewMaximum(),
                           step.getNewSum(), slot};
  state = overlappedLoop(one, item.getFull(), state);
  auto last = multiplyValues(state[1], await(values, {state[4]}), state[0]);
  Value output = wait(last, last.getResult(), state[1])[0];
  if (!options.masked)
    return finish(output, state[2], state[3]);
  release(values, {state[4]}, Value());
  state = maskedStages({output, state[2], state[3], next(state[4], keys)});
  finish(state[0], state[1], state[2]);
}

/// The stages to mask of an item, after the others. before: output, maximum, sum, slot.
SmallVector<Value> HopBuilder::maskedStages(SmallVector<Value> before) {
  readScalars();
  Value total = addI(item.getFull(), item.getPartial());
  firstClearing = arith::SubIOp::create(
      builder, total, hop::ClearingStagesOp::create(builder, builder.getI32Type()));
  before.push_back(i32(kernel.getTileK()));
  return serialLoop(item.getFull(), total, before, /*masked=*/true);
}

/// state: output, packed weights of the stage before, maximum, sum, slot of the stage before.
SmallVector<Value> HopBuilder::overlappedLoop(Value from, Value to, ArrayRef<Value> state) {
  auto loop = scf::ForOp::create(
      builder, from, to, i32(1), state,
      [&](OpBuilder &, Location, Value index, ValueRange carried) {
        Value output = carried[0], weights = carried[1], previous = carried[4];
        Value slot = next(previous, keys);
        Value stage = addI(item.getFirst(), index);
        Value tile = await(keys, {slot});
        if (usesTurns())
          hop::TakeTurnOp::create(builder, group);
        auto scoresProduct = multiplyKeys(tile);
        auto outputProduct = multiplyValues(weights, await(values, {previous}), output);
        if (usesTurns())
          hop::PassTurnOp::create(builder, group);
        SmallVector<Value> ready =
            wait(scoresProduct, ValueRange{scoresProduct.getResult(), outputProduct.getResult()});
        release(keys, {slot}, index);
        Value scores = score(ready[0], program.fullScore, stage, {slot});
        auto step = softmax(scores, carried[2], carried[3]);
        output = wait(outputProduct, ready[1], weights)[0];
        release(values, {previous}, addI(index, i32(-1)));
        Value packed = pack(step.getWeights());
        output = rescale(output, step.getCorrection());
        scf::YieldOp::create(
            builder, ValueRange{output, packed, step.getNewMaximum(), step.getNewSum(), slot});
      });
  return SmallVector<Value>(loop.getResults());
}

/// One product after the other: fewer live registers, for three warp groups.
void HopBuilder::buildSerial() {
  startConsumer();
  Value slot = hop::FirstSlotOp::create(builder, slotType());
  SmallVector<Value> state{fill(outputType(), 0), fill(rowType(), lowest), fill(rowType(), 0), slot,
                           firstColumns};
  state = serialLoop(i32(0), item.getFull(), state, /*masked=*/false);
  if (options.masked)
    state = maskedStages({state[0], state[1], state[2], state[3]});
  finish(state[0], state[1], state[2]);
}

/// A stage with padding columns is rare: the loop tests for it.
Value HopBuilder::maskPadding(Value scores, Value isPadded, function_ref<Value()> columns) {
  auto branch = scf::IfOp::create(
      builder, isPadded,
      [&](OpBuilder &, Location) {
        Value cut = hop::MaskColumnsOp::create(builder, scores.getType(), scores, columns());
        scf::YieldOp::create(builder, cut);
      },
      [&](OpBuilder &, Location) { scf::YieldOp::create(builder, scores); });
  return branch.getResult(0);
}

SmallVector<Value> HopBuilder::finishStage(hop::ProductOp product, const Part &part, Value stage,
                                           Value released, ValueRange before,
                                           function_ref<Value(Value)> mask, bool masked,
                                           function_ref<void()> beforeValues, bool updates) {
  Value scores = wait(product, product.getResult())[0];
  release(keys, part, released);
  scores = mask(score(scores, masked ? program.partialScore : program.fullScore, stage, part));
  Value output, maximum, sum, packed;
  if (updates && options.skipRescale) {
    auto step =
        hop::SoftmaxUpdateOp::create(builder, scores.getType(), rowType(), rowType(), outputType(),
                                     scores, before[1], before[2], before[0], scale);
    output = step.getNewAccumulator();
    maximum = step.getNewMaximum();
    sum = step.getNewSum();
    packed = pack(step.getWeights());
  } else {
    auto step = softmax(scores, before[1], before[2]);
    maximum = step.getNewMaximum();
    sum = step.getNewSum();
    packed = pack(step.getWeights());
    output = rescale(before[0], step.getCorrection());
  }
  beforeValues();
  auto outputProduct = multiplyValues(packed, await(values, part), output);
  output = wait(outputProduct, outputProduct.getResult(), packed)[0];
  release(values, part, released);
  return {output, maximum, sum};
}

/// state: output, maximum, sum, slot, valid columns of the stage at hand.
SmallVector<Value> HopBuilder::serialLoop(Value from, Value to, ArrayRef<Value> state,
                                          bool masked) {
  auto body = [&](OpBuilder &, Location, Value index, ValueRange carried) {
    Value slot = carried[3], stage = addI(item.getFirst(), index);
    Value kept = masked && isLongMask() ? keep(stage) : Value();
    Value tile = await(keys, {slot});
    if (usesTurns())
      hop::TakeTurnOp::create(builder, group);
    auto product = multiplyKeys(tile);
    if (usesTurns())
      hop::PassTurnOp::create(builder, group);
    if (masked && !kept)
      kept = keep(stage); // while the product runs
    SmallVector<Value> after = finishStage(
        product, {slot}, stage, masked ? Value() : index, carried,
        [&](Value scores) {
          if (masked)
            return mask(scores, kept);
          Value isPadded = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, carried[4],
                                                 i32(kernel.getTileK()));
          return maskPadding(scores, isPadded, [&] { return carried[4]; });
        },
        masked,
        [&] {
          if (masked)
            clearUnkept(slot, kept, needsClearing(index));
        });
    after.append({next(slot, keys), i32(kernel.getTileK())});
    scf::YieldOp::create(builder, after);
  };
  auto loop = scf::ForOp::create(builder, from, to, i32(1), state, body);
  return SmallVector<Value>(loop.getResults());
}

} // namespace halftone
