#pragma once

#include "mlir/IR/Operation.h"
#include "mlir/IR/Region.h"

#include "llvm/ADT/DenseMap.h"

namespace halftone::hop {

/// What a value of a mask region is over a run of consecutive keys, for one query.
struct OverRun {
  enum class Form : uint8_t {
    Constant, ///< the same for every key of the run
    Linear,   ///< its value at the first key, plus `slope` times the number of the key in the run
    Varying,  ///< anything
  };
  Form form = Form::Constant;
  int8_t slope = 0; ///< 1 or -1, of Linear
  bool dependsOnQuery = false;
};

/// Tells what of a mask region can be evaluated once for a run of consecutive keys instead of once
/// for each key. Frames, rows and columns of a token are quotients of its number: over a short run
/// most of them stay the same, and with them everything that is made of them alone, while places
/// grow with the key, so that comparing one with something constant keeps the first so many keys of
/// the run, or all but those.
///
/// Forms hold on runs that are **steady**: the values of `roots` at the first and at the last key
/// are equal, and those of `clamps` differ by the number of keys less one. Both are monotone in the
/// key where the roots they are made of are constant, so the ends speak for all keys between.
class RunAnalysis {
public:
  /// Arguments of the region: (batch, head, query, key).
  explicit RunAnalysis(mlir::Region &region);

  OverRun of(mlir::Value value) const;
  /// Quotients and comparisons of what is linear in the key and independent of the query.
  llvm::ArrayRef<mlir::Operation *> roots() const { return rootOps; }
  /// Minima and maxima of the same with what is independent of both.
  llvm::ArrayRef<mlir::Operation *> clamps() const { return clampOps; }
  /// Whether what varies over a steady run are comparisons of linear values with constant ones, and
  /// what "and", "or", "xor" and "select" make of them: a run's answers are then words of bits.
  bool comparesOnly() const { return onlyComparisons; }

private:
  OverRun visit(mlir::Operation &op);
  bool isBits(mlir::Operation &op) const;

  llvm::DenseMap<mlir::Value, OverRun> forms;
  llvm::SmallVector<mlir::Operation *> rootOps, clampOps;
  bool onlyComparisons = true;
};

} // namespace halftone::hop
