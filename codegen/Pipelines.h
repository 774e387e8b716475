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

/// GPU: a kernel of the mma dialect, with warps, shared memory and fragments decided.
void populateMmaPipeline(mlir::OpPassManager &passes);

/// GPU: only llvm and nvvm; the kernel carries ht.shared_bytes and nvvm.reqntid.
void populateNvvmPipeline(mlir::OpPassManager &passes);

} // namespace halftone
