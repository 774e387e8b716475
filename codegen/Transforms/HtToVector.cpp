// ht-to-vector: ht.kernel becomes a function of scf loops over vectors that walks work items.
#include "codegen/ArgumentLayout.h"
#include "codegen/Passes.h"
#include "codegen/Transforms/HtToVector/RegionLifting.h"
#include "codegen/Transforms/HtToVector/Scratch.h"
#include "codegen/Transforms/HtToVector/TileRoutines.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace halftone {

#define GEN_PASS_DEF_HTTOVECTORPASS
#include "codegen/Passes.h.inc"

namespace {

/// Lowers one kernel. Tiles become buffers in the thread's scratch. An operation that updates a
/// tile (a rescale, an accumulating product, a step of the softmax) updates the buffer in place,
/// which is right because it must be the only one that reads the tile; that is checked.
class KernelLowering {
public:
  KernelLowering(ht::KernelOp kernel, int64_t width)
      : kernel(kernel), builder(kernel.getLoc(), kernel), emit(builder, width),
        routines(kernel->getParentOfType<ModuleOp>(), width), places(width) {}

  LogicalResult run() {
    if (kernel.getTileK() % emit.width != 0)
      return kernel.emitOpError() << "has tile_k " << kernel.getTileK()
                                  << "; ht-to-vector needs a multiple of the vector width, "
                                  << emit.width;
    Type pointer = emit.pointerType(), number = emit.i64();
    SmallVector<Type> types{pointer, number, number, pointer};
    auto function = func::FuncOp::create(builder, kernel.getSymName(),
                                         builder.getFunctionType(types, TypeRange()));
    builder.setInsertionPointToStart(function.addEntryBlock());
    arguments = function.getArgument(0);
    scratch = function.getArgument(3);
    zeros = places.allocateTile(1, 256);
    Value floatZeros = emit.real(emit.vectorOf(emit.f32()), 0.0);
    emit.loop(0, zeros.columns, emit.width, [&](Value position) {
      emit.store(floatZeros, emit.at(addressOf(zeros), emit.f32(), position));
    });

    LogicalResult result = success();
    emit.loop(function.getArgument(1), function.getArgument(2), 1, [&](Value number) {
      Value items = loadArgument(pointer, layout::work);
      item = emit.at(items, builder.getI8Type(),
                     emit.multiply(number, emit.integer(layout::itemBytes)));
      result = lowerBlock(kernel.getBody().front());
    });
    func::ReturnOp::create(builder);
    function->setAttr("ht.scratch_bytes", builder.getI64IntegerAttr(places.bytes()));
    if (succeeded(result))
      kernel.erase();
    return result;
  }

private:
  //===-- Scratch
  //---------------------------------------------------------------------------------===//

  Value addressOf(TileBuffer tile) { return emit.at(scratch, builder.getI8Type(), tile.offset); }
  Value addressOf(Value tile) { return addressOf(buffers.lookup(tile)); }

  /// Gives `result` the buffer of `tile`, which `op` updates.
  LogicalResult takeOver(Operation *op, Value tile, Value result) {
    if (!tile.hasOneUse())
      return op->emitOpError() << "updates a tile of type " << tile.getType()
                               << " in place, but it has "
                               << std::distance(tile.use_begin(), tile.use_end())
                               << " uses; it must be its only one";
    buffers[result] = buffers.lookup(tile);
    return success();
  }

  //===-- Arguments
  //-------------------------------------------------------------------------------===//

  Value loadArgument(Type type, int64_t offset) {
    return emit.load(type, emit.at(arguments, builder.getI8Type(), offset));
  }

  Value scalar(Value value) { return scalars.lookupOrDefault(value); }

  int64_t tensorOf(ht::Operand operand) {
    switch (operand) {
    case ht::Operand::Query:
      return layout::query;
    case ht::Operand::Key:
      return layout::key;
    case ht::Operand::Value:
      return layout::value;
    case ht::Operand::Output:
      return layout::output;
    }
    llvm_unreachable("every operand is handled above");
  }

  /// Address of token 0 of a head.
  Value headAddress(ht::Operand operand, Value head, Value batch) {
    int64_t tensor = tensorOf(operand);
    if (operand == ht::Operand::Key || operand == ht::Operand::Value)
      head =
          arith::DivUIOp::create(builder, head, loadArgument(emit.i32(), layout::headsPerKvHead));
    auto moved = [&](Value number, int64_t stride) {
      return emit.multiply(emit.toI64(number), loadArgument(emit.i64(), tensor + stride));
    };
    Value offset = emit.add(moved(head, layout::headStride), moved(batch, layout::batchStride));
    return emit.at(loadArgument(emit.pointerType(), tensor + layout::data), kernel.getElement(),
                   offset);
  }

  Value tokenStride(ht::Operand operand) {
    return loadArgument(emit.i64(), tensorOf(operand) + layout::tokenStride);
  }

  Value length(ht::Operand operand) {
    bool ofQueries = operand == ht::Operand::Query || operand == ht::Operand::Output;
    return emit.toI64(
        loadArgument(emit.i32(), ofQueries ? layout::queryLength : layout::keyLength));
  }

  void call(func::FuncOp routine, ArrayRef<Value> operands) {
    SmallVector<Value> all{arguments};
    all.append(operands.begin(), operands.end());
    func::CallOp::create(builder, routine, all);
  }

  //===-- Operations
  //------------------------------------------------------------------------------===//

  LogicalResult lowerBlock(Block &block) {
    for (Operation &op : block) {
      if (isa<ht::YieldOp>(op))
        continue;
      builder.setLoc(op.getLoc());
      if (failed(lower(&op)))
        return failure();
    }
    return success();
  }

  LogicalResult lower(Operation *op) {
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case<ht::WorkItemOp, ht::LoadTileOp, ht::FillOp, ht::ForKeyTilesOp, ht::ProductOp,
              ht::ScoreOp, ht::MaskOp, ht::ClearUnkeptOp, ht::SoftmaxStepOp, ht::RescaleOp,
              ht::SoftmaxEndOp, ht::StoreTileOp, ht::StoreLseOp>(
            [&](auto known) { return lowerOp(known); })
        .Default([&](Operation *other) -> LogicalResult {
          if (llvm::any_of(other->getOperandTypes(), llvm::IsaPred<ht::TileType>) ||
              llvm::any_of(other->getResultTypes(), llvm::IsaPred<ht::TileType>) ||
              other->getNumRegions() != 0)
            return other->emitOpError("is not supported by ht-to-vector");
          builder.clone(*other, scalars);
          return success();
        });
  }

  LogicalResult lowerOp(ht::WorkItemOp op) {
    constexpr int64_t offsets[] = {layout::itemQuery, layout::itemHead, layout::itemBatch,
                                   layout::itemFirst, layout::itemFull, layout::itemPartial};
    for (auto [result, offset] : llvm::zip_equal(op.getResults(), offsets))
      scalars.map(result, emit.load(emit.i32(), emit.at(item, builder.getI8Type(), offset)));
    return success();
  }

  LogicalResult lowerOp(ht::LoadTileOp op) {
    auto isTransposedB = [](OpOperand &use) {
      auto product = dyn_cast<ht::ProductOp>(use.getOwner());
      return product && product.getTransposeB() && use.get() == product.getB() &&
             use.get() != product.getA();
    };
    bool transposed = llvm::any_of(op->getUses(), isTransposedB);
    if (transposed && !llvm::all_of(op->getUses(), isTransposedB))
      return op.emitOpError("is used both transposed and not; load it twice");
    ht::TileType type = op.getTile().getType();
    TileBuffer tile = transposed ? places.allocateTile(type.getColumns(), type.getRows())
                                 : places.allocateTile(type);
    buffers[op.getTile()] = tile;
    if (transposed)
      transposedTiles.insert(op.getTile());
    int64_t headDim = kernel.getHeadDim();
    func::FuncOp routine = transposed ? routines.loadTransposed(type.getElement(), headDim, tile)
                                      : routines.loadRows(type.getElement(), headDim, tile);
    ht::Operand operand = op.getOperand();
    call(routine,
         {headAddress(operand, scalar(op.getHead()), scalar(op.getBatch())), tokenStride(operand),
          emit.toI64(scalar(op.getRow())), length(operand), addressOf(zeros), addressOf(tile)});
    return success();
  }

  LogicalResult lowerOp(ht::FillOp op) {
    TileBuffer tile = places.allocateTile(op.getTile().getType());
    buffers[op.getTile()] = tile;
    Value value = emit.real(emit.f32(), op.getValue().convertToDouble());
    call(routines.fill(tile), {addressOf(tile), value});
    return success();
  }

  LogicalResult lowerOp(ht::ForKeyTilesOp op) {
    Block &body = op.getBody().front();
    for (auto [init, argument] : llvm::zip_equal(op.getInit(), body.getArguments().drop_front()))
      if (failed(takeOver(op, init, argument)))
        return failure();
    int64_t mark = places.mark();
    Value first = emit.toI64(scalar(op.getFirst()));
    Value end = emit.add(first, emit.toI64(scalar(op.getCount())));
    Value stages = loadArgument(emit.pointerType(), layout::stages);
    LogicalResult result = success();
    emit.loop(first, end, 1, [&](Value position) {
      scalars.map(body.getArgument(0),
                  emit.load(emit.i32(), emit.at(stages, emit.i32(), position)));
      result = lowerBlock(body);
    });
    places.release(mark);
    if (failed(result))
      return failure();
    for (auto [yielded, argument, given] :
         llvm::zip_equal(body.getTerminator()->getOperands(), body.getArguments().drop_front(),
                         op.getResults())) {
      if (buffers.lookup(yielded).offset != buffers.lookup(argument).offset)
        return op.emitOpError() << "yields a tile of type " << yielded.getType()
                                << " that is not the updated one it carries";
      buffers[given] = buffers.lookup(argument);
    }
    return success();
  }

  LogicalResult lowerOp(ht::ProductOp op) {
    if (op.getTransposeB() != transposedTiles.contains(op.getB()))
      return op.emitOpError("needs a b that is loaded for this product");
    if (op.getInto()) {
      if (failed(takeOver(op, op.getInto(), op.getResult())))
        return failure();
    } else {
      buffers[op.getResult()] = places.allocateTile(op.getResult().getType());
    }
    TileBuffer a = buffers.lookup(op.getA()), b = buffers.lookup(op.getB());
    TileBuffer result = buffers.lookup(op.getResult());
    func::FuncOp routine =
        routines.product(a, b, result, op.getA().getType().getColumns(), bool(op.getInto()));
    call(routine, {addressOf(a), addressOf(b), addressOf(result)});
    return success();
  }

  /// The region of a mask or score on a whole tile, in place.
  LogicalResult lowerRegion(Operation *op, Value scores, Value result, TileBuffer kept,
                            ArrayRef<Value> pair) {
    RegionLifting lifting(op);
    if (failed(lifting.check()) || failed(takeOver(op, scores, result)))
      return failure();
    TileBuffer tile = buffers.lookup(scores);
    int64_t waiting = places.allocate(lifting.waitingBytes());
    SmallVector<Value> operands{addressOf(tile), addressOf(kept),
                                emit.at(scratch, builder.getI8Type(), waiting)};
    for (Value value : pair)
      operands.push_back(scalar(value));
    for (Value value : lifting.captured())
      operands.push_back(scalar(value));
    call(lifting.routine(routines, tile), operands);
    return success();
  }

  LogicalResult lowerOp(ht::ScoreOp op) {
    return lowerRegion(op, op.getScores(), op.getResult(), TileBuffer(),
                       {op.getBatch(), op.getHead(), op.getQuery(), op.getKey()});
  }

  /// Which pairs are kept is only ever asked for whole keys, so that is what is stored.
  LogicalResult lowerOp(ht::MaskOp op) {
    for (Operation *user : op.getKept().getUsers())
      if (!isa<ht::ClearUnkeptOp>(user))
        return user->emitOpError("needs every kept pair; ht-to-vector knows kept keys only");
    TileBuffer kept = places.allocateTile(1, op.getScores().getType().getColumns());
    buffers[op.getKept()] = kept;
    return lowerRegion(op, op.getScores(), op.getResult(), kept,
                       {op.getBatch(), op.getHead(), op.getQuery(), op.getKey()});
  }

  LogicalResult lowerOp(ht::ClearUnkeptOp op) {
    if (failed(takeOver(op, op.getValues(), op.getResult())))
      return failure();
    TileBuffer values = buffers.lookup(op.getResult());
    call(routines.clearUnkept(values), {addressOf(values), addressOf(op.getKept())});
    return success();
  }

  LogicalResult lowerOp(ht::SoftmaxStepOp op) {
    if (failed(takeOver(op, op.getScores(), op.getWeights())) ||
        failed(takeOver(op, op.getMaximum(), op.getNewMaximum())) ||
        failed(takeOver(op, op.getSum(), op.getNewSum())))
      return failure();
    buffers[op.getCorrection()] = places.allocateTile(op.getCorrection().getType());
    TileBuffer scores = buffers.lookup(op.getScores());
    call(routines.softmaxStep(scores),
         {addressOf(scores), addressOf(op.getMaximum()), addressOf(op.getSum()),
          addressOf(op.getCorrection()), scalar(op.getScale())});
    return success();
  }

  LogicalResult lowerOp(ht::RescaleOp op) {
    if (failed(takeOver(op, op.getTile(), op.getResult())))
      return failure();
    TileBuffer tile = buffers.lookup(op.getTile());
    call(routines.rescale(tile), {addressOf(tile), addressOf(op.getFactors())});
    return success();
  }

  LogicalResult lowerOp(ht::SoftmaxEndOp op) {
    if (failed(takeOver(op, op.getAccumulator(), op.getOutput())) ||
        failed(takeOver(op, op.getMaximum(), op.getLse())))
      return failure();
    if (!op.getSum().hasOneUse())
      return op.emitOpError("overwrites its sum; it must be the sum's only use");
    TileBuffer accumulator = buffers.lookup(op.getAccumulator());
    call(routines.softmaxEnd(accumulator), {addressOf(accumulator), addressOf(op.getMaximum()),
                                            addressOf(op.getSum()), scalar(op.getScale())});
    return success();
  }

  LogicalResult lowerOp(ht::StoreTileOp op) {
    TileBuffer tile = buffers.lookup(op.getTile());
    func::FuncOp routine = routines.storeRows(kernel.getElement(), kernel.getHeadDim(), tile);
    ht::Operand operand = ht::Operand::Output;
    call(routine,
         {addressOf(tile), headAddress(operand, scalar(op.getHead()), scalar(op.getBatch())),
          tokenStride(operand), emit.toI64(scalar(op.getRow())), length(operand)});
    return success();
  }

  /// The caller may not want the log-sum-exp of a kernel that can write it.
  LogicalResult lowerOp(ht::StoreLseOp op) {
    auto moved = [&](Value number, int64_t stride) {
      return emit.multiply(emit.toI64(scalar(number)), loadArgument(emit.i64(), stride));
    };
    Value offset = emit.add(moved(op.getHead(), layout::lseHeadStride),
                            moved(op.getBatch(), layout::lseBatchStride));
    Value lse = loadArgument(emit.pointerType(), layout::lse);
    Value null = LLVM::ZeroOp::create(builder, emit.pointerType());
    Value isWanted = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ne, lse, null);
    auto ifOp = scf::IfOp::create(builder, isWanted, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(ifOp.thenBlock());
    call(routines.storeLse(op.getTile().getType().getRows()),
         {addressOf(op.getTile()), emit.at(lse, emit.f32(), offset),
          emit.toI64(scalar(op.getRow())), length(ht::Operand::Query)});
    return success();
  }

  ht::KernelOp kernel;
  ImplicitLocOpBuilder builder;
  VectorEmitter emit;
  TileRoutines routines;
  Value arguments, scratch, item;
  TileBuffer zeros;
  Scratch places;
  IRMapping scalars;
  DenseMap<Value, TileBuffer> buffers;
  DenseSet<Value> transposedTiles;
};

struct HtToVectorPass : impl::HtToVectorPassBase<HtToVectorPass> {
  using HtToVectorPassBase::HtToVectorPassBase;

  void runOnOperation() override {
    int64_t width = vectorWidth;
    if (width != 4 && width != 8 && width != 16) {
      getOperation().emitError() << "ht-to-vector: vector-width is " << width
                                 << "; it must be 4, 8 or 16";
      return signalPassFailure();
    }
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<ht::KernelOp>()))
      if (failed(KernelLowering(kernel, width).run()))
        return signalPassFailure();
    // The logarithm of the log-sum-exp, as arithmetic.
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(
        patterns, [](StringRef name) { return name == math::LogOp::getOperationName(); });
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
} // namespace halftone
