#pragma once

#include "dsl/Program.h"

#include "mlir/IR/Builders.h"

namespace halftone {

/// The tokens a program is evaluated for, as i32.
struct PairValues {
  mlir::Value batch, head, query, key;
};

/// Emits the instructions that `wanted` need at the builder's insertion point, and returns the
/// value of each: an i1, or an i32 (i64 in a wide program).
llvm::SmallVector<mlir::Value> importProgram(mlir::OpBuilder &builder, mlir::Location location,
                                             const Program &program, const PairValues &pair,
                                             llvm::ArrayRef<int32_t> wanted);

} // namespace halftone
