#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace halftone {

/// Writes loops over vectors for the CPU. Memory is addressed by LLVM pointers, positions are i64
/// counted in elements, and every routine decides for itself what it unrolls.
class VectorEmitter {
public:
  VectorEmitter(mlir::ImplicitLocOpBuilder &builder, int64_t width)
      : builder(builder), width(width) {}

  mlir::ImplicitLocOpBuilder &builder;
  const int64_t width; ///< floats of a vector

  mlir::Type i1() { return builder.getI1Type(); }
  mlir::Type i32() { return builder.getI32Type(); }
  mlir::Type i64() { return builder.getI64Type(); }
  mlir::Type f32() { return builder.getF32Type(); }
  mlir::Type pointerType() { return mlir::LLVM::LLVMPointerType::get(builder.getContext()); }
  mlir::VectorType vectorOf(mlir::Type element) { return vectorOf(element, width); }
  mlir::VectorType vectorOf(mlir::Type element, int64_t lanes) {
    return mlir::VectorType::get({lanes}, element);
  }

  mlir::Value integer(int64_t value);                   ///< i64
  mlir::Value constant(mlir::Type type, int64_t value); ///< of an integer type or a vector of one
  mlir::Value real(mlir::Type type, double value);      ///< of f32 or a vector of it
  mlir::Value broadcast(mlir::Value scalar) { return broadcast(scalar, width); }
  mlir::Value broadcast(mlir::Value scalar, int64_t lanes);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value multiply(mlir::Value a, mlir::Value b);
  mlir::Value toI64(mlir::Value unsignedI32);
  mlir::Value shuffle(mlir::Value a, mlir::Value b, llvm::ArrayRef<int64_t> lanes);

  /// `pointer` moved by `elements` elements of `element`.
  mlir::Value at(mlir::Value pointer, mlir::Type element, mlir::Value elements);
  mlir::Value at(mlir::Value pointer, mlir::Type element, int64_t elements);
  mlir::Value load(mlir::Type type, mlir::Value pointer);
  void store(mlir::Value value, mlir::Value pointer);

  using Body = llvm::function_ref<void(mlir::Value position)>;
  using CarryingBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value position,
                                                                         mlir::ValueRange carried)>;
  void loop(int64_t begin, int64_t end, int64_t step, Body body);
  void loop(mlir::Value begin, mlir::Value end, int64_t step, Body body);
  llvm::SmallVector<mlir::Value> loop(mlir::Value begin, mlir::Value end, int64_t step,
                                      mlir::ValueRange init, CarryingBody body);

  /// `yes` where `condition` holds, else what `no` computes, which runs only then.
  mlir::Value choose(mlir::Value condition, mlir::Value yes, llvm::function_ref<mlir::Value()> no);

  /// The larger one; a NaN in `running` is kept, one in `candidate` is not.
  mlir::Value larger(mlir::Value running, mlir::Value candidate);
  /// Lanes combined two by two, in a fixed order.
  mlir::Value combineLanes(mlir::Value vector,
                           llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

  /// 2^x for x of f32 or a vector of it, at most 127: a polynomial, relative error below 2^-22.
  /// Exactly 0 from -127 down; NaN stays NaN.
  mlir::Value exp2(mlir::Value x);

  /// `lanes` elements of a tensor of f32, f16 or bf16 as f32.
  mlir::Value loadAsF32(mlir::Type element, mlir::Value pointer, int64_t lanes);
  /// A vector of f32 rounded to nearest even and stored.
  void storeFromF32(mlir::Type element, mlir::Value vector, mlir::Value pointer);
};

} // namespace halftone
