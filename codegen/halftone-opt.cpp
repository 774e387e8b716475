// Runs any pass of Halftone, and the upstream ones its pipelines use, on IR text.
#include "codegen/Dialect/Hop/HopDialect.h"
#include "codegen/Dialect/Ht/HtDialect.h"
#include "codegen/Dialect/Mma/MmaDialect.h"
#include "codegen/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<halftone::ht::HtDialect, halftone::mma::MmaDialect, halftone::hop::HopDialect,
                  mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect, mlir::func::FuncDialect,
                  mlir::gpu::GPUDialect, mlir::LLVM::LLVMDialect, mlir::NVVM::NVVMDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::ub::UBDialect, mlir::vector::VectorDialect>();
  mlir::registerTransformsPasses();
  // What the pipelines use of MLIR's, so that a reproducer of any stage can be run.
  mlir::registerArithToLLVMConversionPass();
  mlir::registerConvertControlFlowToLLVMPass();
  mlir::registerConvertFuncToLLVMPass();
  mlir::registerConvertMathToLLVMPass();
  mlir::registerConvertNVVMToLLVMPass();
  mlir::registerConvertVectorToLLVMPass();
  mlir::registerReconcileUnrealizedCastsPass();
  mlir::registerSCFToControlFlowPass();
  halftone::registerHtToVectorPass();
  halftone::registerLowerScalarsPass();
  halftone::registerTileAttentionPass();
  halftone::registerHtToMmaPass();
  halftone::registerMmaToNvvmPass();
  halftone::registerHtToHopPass();
  halftone::registerHopToNvvmPass();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Halftone's passes, one at a time\n", registry));
}
