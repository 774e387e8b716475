#include "codegen/Pipelines.h"

#include "codegen/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace halftone {

/// What every stage ends with.
static void addCleanup(OpPassManager &passes) {
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
}

void populateTilePipeline(OpPassManager &passes, const TileOptions &options) {
  TileAttentionPassOptions sizes;
  sizes.tileQ = options.tileQ;
  sizes.tileK = options.tileK;
  sizes.stages = options.stages;
  sizes.warps = options.warps;
  passes.addPass(createTileAttentionPass(sizes));
  addCleanup(passes);
}

void populateVectorPipeline(OpPassManager &passes, const VectorOptions &options) {
  HtToVectorPassOptions vectors;
  vectors.vectorWidth = options.vectorWidth;
  passes.addPass(createHtToVectorPass(vectors));
  passes.addPass(createLowerScalarsPass());
  addCleanup(passes);
}

void populateCpuLlvmPipeline(OpPassManager &passes) {
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  addCleanup(passes);
}

void populateMmaPipeline(OpPassManager &passes) {
  passes.addPass(createHtToMmaPass());
  addCleanup(passes);
}

void populateHopPipeline(OpPassManager &passes, const HopOptions &options) {
  HtToHopPassOptions chosen;
  chosen.gather = options.gather;
  chosen.overlap = options.overlap;
  chosen.pingPong = options.pingPong;
  chosen.skipRescale = options.skipRescale;
  chosen.groupLists = options.groupLists;
  chosen.cluster = options.cluster;
  chosen.masked = options.masked;
  passes.addPass(createHtToHopPass(chosen));
  addCleanup(passes);
}

/// From scalars of llvm, nvvm, arith, math and scf to llvm and nvvm alone.
static void populateGpuLlvm(OpPassManager &passes, bool constantsInPlace) {
  passes.addPass(createLowerScalarsPass({.constantsInPlace = constantsInPlace}));
  addCleanup(passes);
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createConvertNVVMToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  addCleanup(passes);
}

void populateNvvmPipeline(OpPassManager &passes) {
  passes.addPass(createMmaToNvvmPass());
  populateGpuLlvm(passes, /*constantsInPlace=*/false);
}

void populateHopNvvmPipeline(OpPassManager &passes) {
  passes.addPass(createHopToNvvmPass());
  populateGpuLlvm(passes, /*constantsInPlace=*/true);
}

} // namespace halftone
