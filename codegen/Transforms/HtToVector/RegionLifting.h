#pragma once

#include "codegen/Transforms/HtToVector/TileRoutines.h"

namespace halftone {

/// The region of an ht.mask or ht.score, run on a whole tile with vectors of keys.
///
/// Every operation is placed where its operands allow: what depends on neither query nor key once,
/// what depends on the key alone once a tile, what depends on the query alone once a row, and only
/// the rest for every vector of pairs. Quotients and table entries of a query (its frame, its
/// segment, its block) are the same for many rows, so what depends on them and the key is computed
/// again only in rows where they change. Values computed ahead wait in the scratch.
class RegionLifting {
public:
  /// `op`: an ht::MaskOp or ht::ScoreOp.
  explicit RegionLifting(mlir::Operation *op);

  /// Says, as diagnostics, which operation cannot be done on vectors.
  mlir::LogicalResult check();
  /// Scratch for the values that are computed ahead.
  int64_t waitingBytes() const;
  /// Values from outside that the region uses.
  llvm::ArrayRef<mlir::Value> captured() const { return captures.getArrayRef(); }
  /// (arguments, scores, kept, waiting, batch, head, query, key, captured...), where kept has
  /// for every key whether a query of the tile keeps it (i32; unused for ht.score).
  mlir::func::FuncOp routine(TileRoutines &routines, TileBuffer scores);

private:
  /// When an operation runs: bits of what it depends on. OnGroup: on quotients or table entries of
  /// the query.
  enum Dependence : unsigned { OnQuery = 1, OnKey = 2, OnGroup = 4, OnScore = 8 };
  enum class Stage { Once, ForKeys, ForRow, ForGroup, ForPairs };
  struct Emission;

  Stage stageOf(mlir::Value value) const;
  void analyse();
  int64_t bytesOf(mlir::Type type) const;

  mlir::Operation *op;
  mlir::Block &body;
  bool isMask;
  mlir::BlockArgument query, key, score; ///< score is null in a mask
  llvm::DenseMap<mlir::Value, unsigned> dependences;
  llvm::SetVector<mlir::Value> captures;
  llvm::SetVector<mlir::Value> keyValues;   ///< of stage ForKeys, used by later stages
  llvm::SetVector<mlir::Value> groupInputs; ///< of stage ForRow, used by stage ForGroup
  llvm::SetVector<mlir::Value> groupValues; ///< of stage ForGroup, used by stage ForPairs
};

} // namespace halftone
