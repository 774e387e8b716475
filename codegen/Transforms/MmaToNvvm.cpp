// The pass mma-to-nvvm: fragments become scalars, one value a register.
#include "codegen/Dialect/Mma/MmaDialect.h"
#include "codegen/Passes.h"
#include "codegen/Transforms/MmaToNvvmPatterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace halftone;
using namespace halftone::mma;

namespace halftone {
#define GEN_PASS_DEF_MMATONVVMPASS
#include "codegen/Passes.h.inc"
} // namespace halftone

namespace {

/// Fragments become as many scalars as a lane has registers for them.
struct FragmentConverter : TypeConverter {
  FragmentConverter() {
    addConversion([](Type type) { return type; });
    addConversion([](FragmentType type, SmallVectorImpl<Type> &scalars) {
      Type scalar =
          type.isAccumulator() ? type.getElement() : IntegerType::get(type.getContext(), 32);
      scalars.append(type.getRegisters(), scalar);
      return success();
    });
    addConversion([](RowsType type, SmallVectorImpl<Type> &scalars) {
      scalars.append(type.getRegisters(), Float32Type::get(type.getContext()));
      return success();
    });
    addConversion([](ColumnsType type) -> Type { return IntegerType::get(type.getContext(), 32); });
    addConversion([](SharedType type) -> Type { return IntegerType::get(type.getContext(), 32); });
  }
};

/// The block's dynamic shared memory: its size is set by the launch.
void declareSharedMemory(Operation *module) {
  if (SymbolTable::lookupSymbolIn(module, sharedMemoryName))
    return;
  OpBuilder builder = OpBuilder::atBlockBegin(&module->getRegion(0).front());
  LLVM::GlobalOp::create(builder, module->getLoc(),
                         LLVM::LLVMArrayType::get(builder.getI8Type(), 0), /*isConstant=*/false,
                         LLVM::Linkage::External, sharedMemoryName, Attribute(), /*alignment=*/1024,
                         /*addrSpace=*/3);
}

struct MmaToNvvmPass : halftone::impl::MmaToNvvmPassBase<MmaToNvvmPass> {
  void runOnOperation() override {
    SmallVector<LLVM::LLVMFuncOp> kernels;
    getOperation().walk([&](LLVM::LLVMFuncOp function) {
      if (function->hasAttr("nvvm.kernel"))
        kernels.push_back(function);
    });
    for (LLVM::LLVMFuncOp kernel : kernels) {
      declareSharedMemory(SymbolTable::getNearestSymbolTable(kernel->getParentOp()));
      if (failed(lower(kernel)))
        return signalPassFailure();
    }
  }

  LogicalResult lower(LLVM::LLVMFuncOp kernel) {
    FragmentConverter converter;
    ConversionTarget target(getContext());
    RewritePatternSet patterns(&getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addIllegalDialect<MmaDialect>();
    target.addIllegalOp<math::Exp2Op, math::Log2Op, math::FmaOp, math::TanhOp>();
    target.addDynamicallyLegalOp<arith::DivFOp>(
        [](arith::DivFOp op) { return !op.getType().isF32(); });
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns, target);
    populateMmaMemoryPatterns(converter, patterns);
    populateMmaRegisterPatterns(converter, patterns);
    populateMmaMathPatterns(patterns);
    return applyPartialConversion(kernel, target, std::move(patterns));
  }
};

} // namespace
