// Where the tiles of a kernel lie and when they are copied.
//
// Shared memory holds the query tile, then one or two places for a key and a value tile. The query
// tile's place takes the output at the end.
//
// One stage, two barriers a tile: the value tile is copied while the scores are made, the next key
// tile while the softmax and the second product run. Two stages, one barrier a tile: the next key
// and value tiles are copied during all of this tile's work.
//
// The copy of the "next" tile after the last one repeats the last: no branch, nothing read past the
// list, and the work behind it waits for it like for any other.
#include "codegen/Transforms/HtToMma.h"

#include "codegen/ArgumentLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace halftone {

void KernelToMma::loadWorkItem(ht::WorkItemOp op) {
  Type i32 = builder.getI32Type();
  Value block = NVVM::BlockIdXOp::create(builder, i32);
  Value bytes =
      arith::MulIOp::create(builder, arith::ExtUIOp::create(builder, builder.getI64Type(), block),
                            integer(layout::itemBytes, 64));
  Value start = advance(globalPointer(layout::work), bytes);
  int64_t offsets[] = {layout::itemQuery, layout::itemHead, layout::itemBatch,
                       layout::itemFirst, layout::itemFull, layout::itemPartial};
  for (auto [index, offset] : llvm::enumerate(offsets)) {
    item[index] = load(advance(start, integer(offset, 64)), i32);
    set(op.getResult(index), item[index]);
  }
}

KernelToMma::Tensor KernelToMma::tensor(ht::Operand operand) {
  auto [position, isNew] = tensors.try_emplace(int(operand));
  if (!isNew)
    return position->second;
  // Before any loop, so that every loop may use it.
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(arguments.getParentBlock()->getTerminator());
  if (Operation *after = item[5].getDefiningOp())
    builder.setInsertionPointAfter(after);
  Type i64 = builder.getI64Type();
  int64_t start = operand == ht::Operand::Query   ? layout::query
                  : operand == ht::Operand::Key   ? layout::key
                  : operand == ht::Operand::Value ? layout::value
                                                  : layout::output;
  Value head = item[1], batch = item[2];
  if (operand == ht::Operand::Key || operand == ht::Operand::Value)
    head =
        arith::DivUIOp::create(builder, head, field(layout::headsPerKvHead, builder.getI32Type()));
  auto scaled = [&](Value index, int64_t stride) -> Value {
    return arith::MulIOp::create(builder, arith::ExtUIOp::create(builder, i64, index),
                                 field(start + stride, i64));
  };
  Value elements = arith::AddIOp::create(builder, scaled(batch, layout::batchStride),
                                         scaled(head, layout::headStride));
  Value one = integer(1, 64);
  Tensor result;
  result.base =
      advance(globalPointer(start + layout::data), arith::ShLIOp::create(builder, elements, one));
  result.strideBytes = arith::ShLIOp::create(builder, field(start + layout::tokenStride, i64), one);
  return tensors[int(operand)] = result;
}

Value KernelToMma::rowPointer(const Tensor &tensor, Value row) {
  Value wide = arith::ExtUIOp::create(builder, builder.getI64Type(), row);
  return advance(tensor.base, arith::MulIOp::create(builder, wide, tensor.strideBytes));
}

Value KernelToMma::stageRow(Value position) {
  Value wide = arith::ExtUIOp::create(builder, builder.getI64Type(), position);
  Value bytes = arith::MulIOp::create(builder, wide, integer(4, 64));
  return load(advance(globalPointer(layout::stages), bytes), builder.getI32Type());
}

Value KernelToMma::sharedTile(ht::Operand operand) {
  bool isQuery = operand == ht::Operand::Query || operand == ht::Operand::Output;
  auto type = mma::SharedType::get(builder.getContext(), isQuery ? tileQ : tileK, headDim,
                                   kernel.getElement());
  int64_t offset = isQuery ? 0 : 2 * headDim * tileQ;
  if (operand == ht::Operand::Value)
    offset += 2 * headDim * tileK;
  return mma::SharedTileOp::create(builder, type, uint32_t(offset),
                                   isQuery || !loop ? Value() : loop->slot);
}

void KernelToMma::copyTile(ht::Operand operand, Value row, Value slot, bool partial) {
  bool isQuery = operand == ht::Operand::Query;
  Tensor source = tensor(operand);
  Value valid;
  if (partial)
    valid = arith::SubIOp::create(
        builder, length(isQuery ? ht::Argument::QueryLength : ht::Argument::KeyLength), row);
  std::optional<Loop> saved = loop;
  if (!isQuery) {
    loop.emplace(loop.value_or(Loop()));
    loop->slot = slot;
  }
  Value tile = sharedTile(operand);
  loop = saved;
  mma::CopyOp::create(builder, rowPointer(source, row), source.strideBytes, valid, tile,
                      uint32_t(32 * warps));
}

void KernelToMma::waitForCopies() {
  mma::WaitOp::create(builder, 0);
  mma::BarrierOp::create(builder);
}

LogicalResult KernelToMma::lowerLoad(ht::LoadTileOp load) {
  operandOf[load.getTile()] = load.getOperand();
  if (load.getOperand() == ht::Operand::Query) {
    if (loop)
      return load.emitOpError() << "loads queries inside a loop over keys";
    copyTile(ht::Operand::Query, mapped(load.getRow()), Value(), /*partial=*/true);
    mma::CommitOp::create(builder);
    return makeScalePositive(load);
  }
  if (!loop || load.getRow() != loop->rowArgument)
    return load.emitOpError() << "loads keys or values of another tile than that of its loop";
  return success();
}

/// A dropped score is -infinity, and so must be its multiple by the softmax's scale. Where the
/// scale is not positive the queries are negated, or cleared, and the scale with them.
LogicalResult KernelToMma::makeScalePositive(ht::LoadTileOp load) {
  Value of;
  kernel.walk([&](ht::SoftmaxStepOp step) { of = step.getScale(); });
  if (!of || matchPattern(of, m_Constant()))
    return success();
  if (!mapping.contains(of))
    return load.emitOpError() << "comes ahead of the softmax's scale, but may depend on its sign";
  Value scale = mapped(of), zero = real(0);
  auto compare = [&](arith::CmpFPredicate predicate) -> Value {
    return arith::CmpFOp::create(builder, predicate, scale, zero);
  };
  Value isNegative = compare(arith::CmpFPredicate::OLT);
  auto select = [&](Value condition, Value a, Value b) -> Value {
    return arith::SelectOp::create(builder, condition, a, b);
  };
  auto branch = scf::IfOp::create(builder, compare(arith::CmpFPredicate::ULE),
                                  /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    mma::WaitOp::create(builder, 0);
    mma::RewriteOp::create(
        builder, sharedTile(ht::Operand::Query), select(isNegative, integer(-1), integer(0)),
        select(isNegative, integer(int32_t(0x80008000)), integer(0)), uint32_t(32 * warps));
  }
  Value opposite = select(isNegative, arith::NegFOp::create(builder, scale), real(1));
  set(of, select(compare(arith::CmpFPredicate::OGT), scale, opposite));
  return success();
}

LogicalResult KernelToMma::lowerLoop(ht::ForKeyTilesOp op) {
  Value first = mapped(op.getFirst()), count = mapped(op.getCount());
  bool partial = op.getCoverage() == ht::Coverage::Partial;
  SmallVector<Value> init;
  for (Value value : op.getInit())
    init.push_back(mapped(value));
  for (ht::Operand operand : {ht::Operand::Key, ht::Operand::Value})
    tensor(operand);

  Value zero = integer(0), one = integer(1);
  Value any = arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, count, zero);
  auto branch = scf::IfOp::create(builder, ValueRange(init).getTypes(), any,
                                  /*withElseRegion=*/true);
  for (auto [from, to] : llvm::zip(op.getResults(), branch.getResults()))
    set(from, to);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, init);

  builder.setInsertionPointToStart(branch.thenBlock());
  Value last = arith::SubIOp::create(builder, count, one);
  auto rowAt = [&](Value index) {
    Value inside = arith::MinUIOp::create(builder, index, last);
    return stageRow(arith::AddIOp::create(builder, first, inside));
  };
  bool ring = stages == 2;
  Value now = rowAt(zero), next = ring ? rowAt(one) : Value();
  copyTile(ht::Operand::Key, now, ring ? zero : Value(), partial);
  if (ring)
    copyTile(ht::Operand::Value, now, zero, partial);
  mma::CommitOp::create(builder);

  SmallVector<Value> carried = init;
  carried.push_back(now);
  if (ring)
    llvm::append_values(carried, next, zero);
  auto walk = scf::ForOp::create(builder, zero, count, one, carried);
  {
    OpBuilder::InsertionGuard inner(builder);
    builder.setInsertionPointToStart(walk.getBody());
    ValueRange state = walk.getRegionIterArgs();
    now = state[init.size()];
    // A ring starts the next tile's copies at once, so that its row was read a tile ago.
    Value ahead =
        rowAt(arith::AddIOp::create(builder, walk.getInductionVar(), integer(ring ? 2 : 1)));
    next = ring ? state[init.size() + 1] : ahead;
    loop = Loop{op.getBody().getArgument(0), next, ring ? state.back() : Value(), partial};
    for (auto [argument, value] : llvm::zip(op.getBody().getArguments().drop_front(), state))
      set(argument, value);
    set(loop->rowArgument, now);
    // Everybody is done with what the copies started here overwrite.
    waitForCopies();
    Value otherSlot;
    if (ring) {
      otherSlot = arith::XOrIOp::create(builder, loop->slot, integer(4 * headDim * tileK));
      copyTile(ht::Operand::Key, next, otherSlot, partial);
      copyTile(ht::Operand::Value, next, otherSlot, partial);
    } else {
      copyTile(ht::Operand::Value, now, Value(), partial);
    }
    mma::CommitOp::create(builder);
    if (failed(lowerBlock(op.getBody().front())))
      return failure();
    SmallVector<Value> yielded;
    for (Value value : op.getBody().front().getTerminator()->getOperands())
      yielded.push_back(mapped(value));
    yielded.push_back(next);
    if (ring)
      llvm::append_values(yielded, ahead, otherSlot);
    scf::YieldOp::create(builder, yielded);
    loop.reset();
  }
  // The repeated copy of the last tile is done, and so is everybody with the tiles.
  waitForCopies();
  scf::YieldOp::create(builder, walk.getResults().take_front(init.size()));
  return success();
}

void KernelToMma::storeTile(ht::StoreTileOp store) {
  // The queries' copy may be under way still, where there was no key.
  waitForCopies();
  Value row = mapped(store.getRow()), tile = sharedTile(ht::Operand::Output);
  mma::StageOp::create(builder, mapped(store.getTile()), tile, ownRow(integer(0)));
  mma::BarrierOp::create(builder);
  Tensor output = tensor(ht::Operand::Output);
  Value valid = arith::SubIOp::create(builder, length(ht::Argument::QueryLength), row);
  mma::StoreOp::create(builder, tile, rowPointer(output, row), output.strideBytes, valid,
                       uint32_t(32 * warps));
}

void KernelToMma::storeLse(ht::StoreLseOp store) {
  Type i64 = builder.getI64Type();
  auto wide = [&](Value value) -> Value { return arith::ExtUIOp::create(builder, i64, value); };
  Value row = mapped(store.getRow());
  Value elements =
      arith::AddIOp::create(builder,
                            arith::MulIOp::create(builder, wide(mapped(store.getBatch())),
                                                  field(layout::lseBatchStride, i64)),
                            arith::MulIOp::create(builder, wide(mapped(store.getHead())),
                                                  field(layout::lseHeadStride, i64)));
  elements = arith::AddIOp::create(builder, elements, wide(row));
  Value bytes = arith::MulIOp::create(builder, elements, integer(4, 64));
  Value valid = arith::SubIOp::create(builder, length(ht::Argument::QueryLength), row);
  mma::StoreRowsOp::create(builder, mapped(store.getTile()),
                           advance(globalPointer(layout::lse), bytes), ownRow(integer(0)), valid);
}

} // namespace halftone
