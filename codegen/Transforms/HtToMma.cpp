// The pass ht-to-mma: ht.kernel becomes a function of the mma dialect.
#include "codegen/Transforms/HtToMma.h"

#include "codegen/ArgumentLayout.h"
#include "codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace halftone {

#define GEN_PASS_DEF_HTTOMMAPASS
#include "codegen/Passes.h.inc"

KernelToMma::KernelToMma(ht::KernelOp kernel)
    : kernel(kernel), builder(kernel.getLoc(), kernel), tileQ(kernel.getTileQ()),
      tileK(kernel.getTileK()), headDim(kernel.getHeadDim()), stages(kernel.getStages()),
      warps(kernel.getWarps()) {}

LogicalResult KernelToMma::run() {
  if (failed(checkSizes()))
    return failure();
  createFunction();
  return lowerBlock(kernel.getBody().front());
}

LogicalResult KernelToMma::checkSizes() {
  if (!kernel.getElement().isF16() && !kernel.getElement().isBF16())
    return kernel.emitOpError() << "has elements of " << kernel.getElement()
                                << ", but mma.sync multiplies f16 or bf16";
  if (headDim % 16 || headDim > 256)
    return kernel.emitOpError() << "has a head dim of " << headDim
                                << "; on a GPU it is a multiple of 16, at most 256";
  if (warps < 1 || warps > 8 || (warps & (warps - 1)))
    return kernel.emitOpError() << "has " << warps << " warps; it must be 1, 2, 4 or 8";
  if (tileQ % (16 * warps))
    return kernel.emitOpError() << "has a tile of " << tileQ << " query rows for " << warps
                                << " warps, but a warp takes a multiple of 16 rows";
  if (tileK % 16 || tileK > 128)
    return kernel.emitOpError() << "has a tile of " << tileK
                                << " key rows; it must be a multiple of 16, at most 128";
  if (stages != 1 && stages != 2)
    return kernel.emitOpError() << "has " << stages << " stages; it must be 1 or 2";
  return success();
}

void KernelToMma::createFunction() {
  MLIRContext *context = builder.getContext();
  auto pointer = LLVM::LLVMPointerType::get(context);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), pointer);
  auto function = LLVM::LLVMFuncOp::create(builder, kernel.getSymName(), type);
  // A grid constant, not a pointer: the arguments stay in constant memory and are read in place.
  auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), layout::argumentBytes);
  function.setArgAttr(0, "llvm.byval", TypeAttr::get(bytes));
  function.setArgAttr(0, "llvm.align", builder.getI64IntegerAttr(16));
  function.setArgAttr(0, "nvvm.grid_constant", builder.getUnitAttr());
  int64_t sharedBytes = 2 * headDim * (tileQ + 2 * stages * tileK);
  function->setAttr("nvvm.kernel", builder.getUnitAttr());
  function->setAttr("nvvm.reqntid", builder.getDenseI32ArrayAttr({int32_t(32 * warps)}));
  function->setAttr("nvvm.minctasm", builder.getI32IntegerAttr(1));
  function->setAttr("ht.shared_bytes", builder.getI32IntegerAttr(sharedBytes));
  function->setAttr("ht.threads", builder.getI32IntegerAttr(int32_t(32 * warps)));
  Block *entry = function.addEntryBlock(builder);
  arguments = entry->getArgument(0);
  builder.setInsertionPointToEnd(entry);
  LLVM::ReturnOp::create(builder, ValueRange());
  builder.setInsertionPointToStart(entry);
  warp = mma::WarpOp::create(builder, builder.getI32Type());
}

LogicalResult KernelToMma::lowerBlock(Block &block) {
  for (Operation &op : block)
    if (!isa<ht::YieldOp>(op) && failed(lower(&op)))
      return failure();
  return success();
}

LogicalResult KernelToMma::lower(Operation *op) {
  builder.setLoc(op->getLoc());
  if (auto item = dyn_cast<ht::WorkItemOp>(op)) {
    loadWorkItem(item);
  } else if (auto load = dyn_cast<ht::LoadTileOp>(op)) {
    return lowerLoad(load);
  } else if (auto fill = dyn_cast<ht::FillOp>(op)) {
    set(fill, mma::FillOp::create(builder, typeOf(fill.getTile().getType()), fill.getValueAttr()));
  } else if (auto loop = dyn_cast<ht::ForKeyTilesOp>(op)) {
    return lowerLoop(loop);
  } else if (auto product = dyn_cast<ht::ProductOp>(op)) {
    return lowerProduct(product);
  } else if (auto score = dyn_cast<ht::ScoreOp>(op)) {
    lowerScore(score);
  } else if (auto mask = dyn_cast<ht::MaskOp>(op)) {
    lowerMask(mask);
  } else if (auto clear = dyn_cast<ht::ClearUnkeptOp>(op)) {
    if (!operandOf.contains(clear.getValues()))
      return clear.emitOpError() << "clears a tile that ht.load_tile did not make";
    operandOf[clear.getResult()] = operandOf[clear.getValues()];
    auto columns = mma::ColumnsType::get(builder.getContext(), tileK);
    columnsOf[clear.getResult()] =
        mma::KeptColumnsOp::create(builder, columns, mapped(clear.getKept()));
  } else if (auto step = dyn_cast<ht::SoftmaxStepOp>(op)) {
    lowerSoftmaxStep(step);
  } else if (auto rescale = dyn_cast<ht::RescaleOp>(op)) {
    lowerRescale(rescale);
  } else if (auto end = dyn_cast<ht::SoftmaxEndOp>(op)) {
    lowerSoftmaxEnd(end);
  } else if (auto store = dyn_cast<ht::StoreTileOp>(op)) {
    storeTile(store);
  } else if (auto store = dyn_cast<ht::StoreLseOp>(op)) {
    storeLse(store);
  } else if (llvm::any_of(op->getResultTypes(), llvm::IsaPred<ht::TileType>)) {
    return op->emitOpError() << "makes a tile in a way that ht-to-mma does not know";
  } else {
    builder.clone(*op, mapping);
  }
  return success();
}

//===-- Scalars ------------------------------------------------------------------------------===//

Value KernelToMma::integer(int64_t value, unsigned width) {
  return arith::ConstantOp::create(builder,
                                   builder.getIntegerAttr(builder.getIntegerType(width), value));
}
Value KernelToMma::real(float value) {
  return arith::ConstantOp::create(builder, builder.getF32FloatAttr(value));
}
Value KernelToMma::load(Value pointer, Type type) {
  unsigned alignment = type.isIntOrFloat() ? type.getIntOrFloatBitWidth() / 8 : 8;
  return LLVM::LoadOp::create(builder, type, pointer, alignment, /*isVolatile=*/false,
                              /*isNonTemporal=*/false, /*isInvariant=*/true);
}
Value KernelToMma::advance(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(builder, pointer.getType(), builder.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{bytes});
}
Value KernelToMma::field(int64_t offset, Type type) {
  Value address =
      LLVM::GEPOp::create(builder, arguments.getType(), builder.getI8Type(), arguments,
                          ArrayRef<LLVM::GEPArg>{int32_t(offset)}, LLVM::GEPNoWrapFlags::inbounds);
  return load(address, type);
}
Value KernelToMma::globalPointer(int64_t offset) {
  Value pointer = field(offset, LLVM::LLVMPointerType::get(builder.getContext()));
  return LLVM::AddrSpaceCastOp::create(
      builder, LLVM::LLVMPointerType::get(builder.getContext(), /*addressSpace=*/1), pointer);
}
Value KernelToMma::length(ht::Argument which) {
  return ht::ArgumentOp::create(builder, builder.getI32Type(), which);
}

namespace {

struct HtToMmaPass : impl::HtToMmaPassBase<HtToMmaPass> {
  void runOnOperation() override {
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<ht::KernelOp>())) {
      if (failed(KernelToMma(kernel).run()))
        return signalPassFailure();
      kernel.erase();
    }
  }
};

} // namespace
} // namespace halftone
