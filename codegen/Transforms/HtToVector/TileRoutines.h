#pragma once

#include "codegen/Dialect/Ht/HtDialect.h"
#include "codegen/Transforms/HtToVector/VectorEmitter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace halftone {

/// Where a tile lies in the thread's scratch: f32 whatever its element type is, row by row.
struct TileBuffer {
  int64_t offset = 0; ///< bytes
  int64_t rows = 0;
  int64_t columns = 0; ///< whole vectors
  int64_t stride = 0;  ///< floats from one row to the next

  int64_t bytes() const { return rows * stride * 4; }
};

/// Floats from one row to the next for rows of `columns` floats: an odd number of cache lines, so
/// that the rows of a panel do not all fall into the same few sets of the cache.
int64_t rowStride(int64_t columns);

/// The private functions that tile operations become, one for each operation and shape; the loops
/// over full and over partial tiles share them. Every function takes the kernel's arguments first.
class TileRoutines {
public:
  TileRoutines(mlir::ModuleOp module, int64_t width) : module(module), width(width) {}

  int64_t vectorWidth() const { return width; }

  // Tensors. (arguments, first row's tensor address, its stride, row, length, zeros, tile): rows at
  // or past `length` are read from `zeros`, a row of zeros.
  mlir::func::FuncOp loadRows(mlir::Type element, int64_t headDim, TileBuffer tile);
  /// As loadRows, into a tile whose rows are the columns of the tensor.
  mlir::func::FuncOp loadTransposed(mlir::Type element, int64_t headDim, TileBuffer tile);
  /// (arguments, tile, tensor address, its stride, row, length).
  mlir::func::FuncOp storeRows(mlir::Type element, int64_t headDim, TileBuffer tile);
  /// (arguments, tile, lse address, row, length).
  mlir::func::FuncOp storeLse(int64_t rows);

  /// (arguments, tile, value).
  mlir::func::FuncOp fill(TileBuffer tile);
  /// (arguments, a, b, result): result = a * b, or result += a * b.
  mlir::func::FuncOp product(TileBuffer a, TileBuffer b, TileBuffer result, int64_t depth,
                             bool accumulate);
  /// (arguments, tile, factors).
  mlir::func::FuncOp rescale(TileBuffer tile);
  /// (arguments, values, kept).
  mlir::func::FuncOp clearUnkept(TileBuffer values);
  /// (arguments, scores, maximum, sum, correction, scale); scores become weights.
  mlir::func::FuncOp softmaxStep(TileBuffer scores);
  /// (arguments, accumulator, maximum, sum, scale); the accumulator becomes the output, the maximum
  /// the log-sum-exp, and the sum its inverse.
  mlir::func::FuncOp softmaxEnd(TileBuffer accumulator);

  using Body = llvm::function_ref<void(VectorEmitter &, mlir::ValueRange arguments)>;
  /// The function of that name, written by `body` if it does not exist yet.
  mlir::func::FuncOp define(llvm::StringRef name, mlir::TypeRange arguments, Body body);
  /// A name that no function has yet: "mask_0", "mask_1".
  std::string freshName(llvm::StringRef stem);
  mlir::Type pointer() { return mlir::LLVM::LLVMPointerType::get(module.getContext()); }

private:
  mlir::ModuleOp module;
  int64_t width;
};

} // namespace halftone
