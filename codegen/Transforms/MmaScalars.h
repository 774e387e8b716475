#pragma once

#include "codegen/Dialect/Mma/MmaDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace halftone {

/// Builds the integer arithmetic of one thread: where it is, and where its elements lie. Equal
/// values are built again wherever they are needed; CSE joins them.
class MmaScalars : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  mlir::Value constant(int64_t value, unsigned width = 32);
  mlir::Value real(float value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b);
  mlir::Value multiply(mlir::Value a, int64_t b);
  mlir::Value bitAnd(mlir::Value a, int64_t b);
  mlir::Value bitXor(mlir::Value a, mlir::Value b);
  mlir::Value shiftRight(mlir::Value a, int64_t b);
  mlir::Value less(mlir::Value a, mlir::Value b); ///< signed
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  mlir::Value widen(mlir::Value a); ///< i32, not negative, to i64

  mlir::Value thread();     ///< in the block
  mlir::Value lane();       ///< in the warp
  mlir::Value rowOfLane();  ///< lane / 4: the row, of every eight, that the lane holds
  mlir::Value pairOfLane(); ///< 2 * (lane % 4): the first of its two columns of every eight

  /// The bits that a row of `tile` is exchanged by; `row` counts from a multiple of eight.
  mlir::Value swizzle(mlir::Value row, mma::SharedType tile);
  /// `pointer` + `bytes` (i64 or i32).
  mlir::Value advance(mlir::Value pointer, mlir::Value bytes);
  mlir::Value advance(mlir::Value pointer, int64_t bytes);
  /// A pointer to the shared memory at this 32-bit address.
  mlir::Value sharedPointer(mlir::Value address);

  /// PTX text with an effect that nothing may be moved across, and its results.
  llvm::SmallVector<mlir::Value> assembly(llvm::StringRef text, llvm::StringRef constraints,
                                          mlir::ValueRange operands, mlir::TypeRange results);
};

} // namespace halftone
