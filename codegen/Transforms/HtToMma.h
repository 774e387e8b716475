#pragma once

#include "codegen/Dialect/Ht/HtDialect.h"
#include "codegen/Dialect/Mma/MmaDialect.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace halftone {

/// Rewrites one ht.kernel as a function of the mma dialect: what a thread block does for its work
/// item. Tiles of f32 become accumulators of the warp that owns the rows, tiles loaded from memory
/// become tiles of shared memory, weights stay f32 until they are an operand.
class KernelToMma {
public:
  explicit KernelToMma(ht::KernelOp kernel);

  mlir::LogicalResult run();

private:
  // The kernel and its frame (HtToMma.cpp).
  mlir::LogicalResult checkSizes();
  void createFunction();
  mlir::LogicalResult lowerBlock(mlir::Block &block);
  mlir::LogicalResult lower(mlir::Operation *op);
  mlir::Value mapped(mlir::Value value) { return mapping.lookupOrDefault(value); }
  void set(mlir::Value from, mlir::Value to) { mapping.map(from, to); }

  // Where tiles lie and how they move (HtToMmaPipeline.cpp).
  struct Tensor {
    mlir::Value base, strideBytes; ///< of the work item's batch and head
  };
  mlir::LogicalResult lowerLoop(ht::ForKeyTilesOp loop);
  mlir::LogicalResult lowerLoad(ht::LoadTileOp load);
  mlir::LogicalResult makeScalePositive(ht::LoadTileOp load);
  void loadWorkItem(ht::WorkItemOp item);
  void storeTile(ht::StoreTileOp store);
  void storeLse(ht::StoreLseOp store);
  Tensor tensor(ht::Operand operand);
  mlir::Value rowPointer(const Tensor &tensor, mlir::Value row);
  mlir::Value stageRow(mlir::Value position);
  mlir::Value sharedTile(ht::Operand operand);
  void copyTile(ht::Operand operand, mlir::Value row, mlir::Value slot, bool partial);
  void waitForCopies();
  mlir::Value length(ht::Argument which);

  // What is computed of them (HtToMmaCompute.cpp).
  mlir::LogicalResult lowerProduct(ht::ProductOp product);
  void lowerScore(ht::ScoreOp score);
  void lowerMask(ht::MaskOp mask); ///< HtToMmaMask.cpp
  llvm::SmallVector<mlir::Value> mapMask(ht::MaskOp mask, const mlir::IRMapping &known);
  void lowerSoftmaxStep(ht::SoftmaxStepOp step);
  void lowerSoftmaxEnd(ht::SoftmaxEndOp end);
  void lowerRescale(ht::RescaleOp rescale);
  mlir::Type typeOf(ht::TileType tile);
  mlir::Value ownRow(mlir::Value row); ///< the warp's first row of a tile that begins at `row`
  using MapBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)>;
  mlir::ResultRange map(mlir::TypeRange results, mlir::ValueRange inputs, mlir::ValueRange at,
                        MapBody body);
  mlir::Value map(mlir::Type result, mlir::ValueRange inputs, MapBody body);

  // Scalars.
  mlir::Value integer(int64_t value, unsigned width = 32);
  mlir::Value real(float value);
  mlir::Value field(int64_t offset, mlir::Type type);
  mlir::Value globalPointer(int64_t offset);
  mlir::Value load(mlir::Value pointer, mlir::Type type);
  mlir::Value advance(mlir::Value pointer, mlir::Value bytes);

  ht::KernelOp kernel;
  mlir::ImplicitLocOpBuilder builder;
  int64_t tileQ, tileK, headDim, stages, warps;
  mlir::IRMapping mapping;

  mlir::Value arguments, warp, item[6];
  /// Kept columns of value tiles that ht.clear_unkept made: by the tile of ht.
  llvm::DenseMap<mlir::Value, mlir::Value> columnsOf;
  /// Which tensor a loaded tile of ht is.
  llvm::DenseMap<mlir::Value, ht::Operand> operandOf;
  llvm::DenseMap<int, Tensor> tensors;

  /// The loop being lowered.
  struct Loop {
    mlir::Value rowArgument; ///< of ht
    mlir::Value next;        ///< first key row of the tile that follows
    mlir::Value slot;        ///< bytes added for this tile's place in the ring; null: one stage
    bool partial = false;
  };
  std::optional<Loop> loop;
};

} // namespace halftone
