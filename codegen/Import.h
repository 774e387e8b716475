#pragma once

#include "dsl/Program.h"

#include "mlir/IR/BuiltinOps.h"

namespace halftone {

/// A module with one ht.attention, called `entry`, that says what `problem` computes. `program` is
/// lowerProgram of it. Only the problem's class goes in: lengths, strides and constants are read at
/// run time.
mlir::OwningOpRef<mlir::ModuleOp> importProblem(mlir::MLIRContext &context, const Problem &problem,
                                                const Program &program, llvm::StringRef entry);

} // namespace halftone
