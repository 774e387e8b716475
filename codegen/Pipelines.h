#pragma once

#include "codegen/Target.h"

#include "mlir/Pass/PassManager.h"

namespace halftone {

// The table of contents of the compiler: a stage is one function, and its comment says what is true
// afterwards. codegen/Compile.cpp runs them in this order; --emit stops after any.

/// One ht.kernel over tiles of the schedule's sizes instead of ht.attention.
struct TileOptions {
  int64_t tileQ = 128, tileK = 64, stages = 2, warps = 4;
};
void populateTilePipeline(mlir::OpPassManager &passes, const TileOptions &options);

/// CPU: a func.func of the kernel, of scf loops over vectors no wider than asked for; the function
/// carries ht.scratch_bytes. No ht operation is left.
struct VectorOptions {
  int64_t vectorWidth = 8; ///< floats
};
void populateVectorPipeline(mlir::OpPassManager &passes, const VectorOptions &options);

/// CPU: only the llvm dialect.
void populateCpuLlvmPipeline(mlir::OpPassManager &passes);

/// sm_80 and up: a kernel of the mma dialect, with warps, shared memory and fragments decided.
void populateMmaPipeline(mlir::OpPassManager &passes);

/// mma: only llvm and nvvm; the kernel carries ht.shared_bytes and ht.threads.
void populateNvvmPipeline(mlir::OpPassManager &passes);

/// sm_90a: a kernel of the hop dialect, with warp roles, rings and matrix ops in flight decided.
struct HopOptions {
  int64_t gather = 64;
  bool overlap = true, pingPong = false, skipRescale = false, groupLists = false;
  int64_t cluster = 1;
  bool masked = true;
};
void populateHopPipeline(mlir::OpPassManager &passes, const HopOptions &options);

/// hop: only llvm and nvvm; the kernel carries ht.shared_bytes and ht.threads.
void populateHopNvvmPipeline(mlir::OpPassManager &passes);

} // namespace halftone
