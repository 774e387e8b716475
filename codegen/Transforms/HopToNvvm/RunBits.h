#pragma once

#include "codegen/Transforms/HopToNvvm/RunAnalysis.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace halftone::hop {

/// The lowest bits, and bits moved up: by 32, too, which LLVM's own shift must not be given.
mlir::Value lowBits(mlir::ImplicitLocOpBuilder &builder, mlir::Value count);
mlir::Value shiftUp(mlir::ImplicitLocOpBuilder &builder, mlir::Value bits, mlir::Value count);

/// The answers of a mask region for one query and up to 32 keys of a steady run, as a word: bit i
/// is key i of the run. What varies over the run are comparisons of linear values with
/// constant ones (RunAnalysis::comparesOnly), so that each keeps the first so many keys, or all but
/// those: one mask of bits, not one comparison a key.
class RunBits {
public:
  /// `valueOf` gives a constant value, or a linear one at the run's first key.
  RunBits(mlir::ImplicitLocOpBuilder &builder, const RunAnalysis &analysis,
          llvm::function_ref<mlir::Value(mlir::Value)> valueOf, int64_t keys)
      : builder(builder), analysis(analysis), valueOf(valueOf), keys(keys) {}

  /// Bits past the last key may be anything.
  mlir::Value of(mlir::Region &mask);

private:
  mlir::Value word(mlir::Value condition); ///< of an i1, constant over the run or not
  mlir::Value compare(mlir::arith::CmpIOp op);
  /// The keys of which the linear value is less than `limit`; `orEqual`: or equal to it.
  mlir::Value below(OverRun form, mlir::Value start, mlir::Value limit, bool orEqual);
  mlir::Value opposite(mlir::Value bits);
  mlir::Value constant(int64_t value);

  mlir::ImplicitLocOpBuilder &builder;
  const RunAnalysis &analysis;
  llvm::function_ref<mlir::Value(mlir::Value)> valueOf;
  int64_t keys;
  llvm::DenseMap<mlir::Value, mlir::Value> words;
};

} // namespace halftone::hop
