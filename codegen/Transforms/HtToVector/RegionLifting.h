#pragma once

#include "codegen/Transforms/HtToVector/TileRoutines.h"

namespace halftone {

/// The region of an ht.mask or ht.score, run on a whole tile with vectors of keys.
///
/// Every operation is placed where its operands allow: what depends on neither query nor key once,
/// what depends on the key alone once a tile (its values wait in the scratch), what depends on the
/// query alone once a row, and only the rest for every vector of pairs.
class RegionLifting {
public:
  /// `op`: an ht::MaskOp or ht::ScoreOp.
  explicit RegionLifting(mlir::Operation *op);

  /// Says, as diagnostics, which operation cannot be done on vectors.
  mlir::LogicalResult check();
  /// Scratch for the values that depend on the key alone.
  int64_t keyValueBytes() const;
  /// Values from outside that the region uses.
  llvm::ArrayRef<mlir::Value> captured() const { return captures.getArrayRef(); }
  /// (arguments, scores, kept, key values, batch, head, query, key, captured...), where kept has
  /// for every key whether a query of the tile keeps it (i32; unused for ht.score).
  mlir::func::FuncOp routine(TileRoutines &routines, TileBuffer scores);

private:
  enum Dependence : unsigned { None = 0, OnQuery = 1, OnKey = 2, OnPair = 3 };
  struct Emission;

  Dependence dependenceOf(mlir::Value value) const;
  void analyse();
  int64_t bytesOfKeyValue(mlir::Type type) const;

  mlir::Operation *op;
  mlir::Block &body;
  bool isMask;
  mlir::BlockArgument query, key, score; ///< score is null in a mask
  llvm::DenseMap<mlir::Value, Dependence> dependences;
  llvm::SetVector<mlir::Value> captures;
  llvm::SetVector<mlir::Value> keyValues; ///< depend on the key alone and are used for pairs
};

} // namespace halftone
