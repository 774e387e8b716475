#pragma once

#include "codegen/Dialect/Hop/HopDialect.h"
#include "codegen/Dialect/Ht/HtDialect.h"
#include "codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace halftone {

/// The pieces of an ht.kernel that the Hopper program is made of.
struct TileProgram {
  ht::ForKeyTilesOp full, partial;
  ht::MaskOp mask;
  ht::ScoreOp fullScore, partialScore;
  ht::SoftmaxEndOp end;
  bool lse = false;
};

/// Makes one hop.kernel of one ht.kernel of tileQ / 64 consumer warp groups and a producer.
class HopBuilder {
public:
  HopBuilder(ht::KernelOp kernel, TileProgram program, const HtToHopPassOptions &options)
      : kernel(kernel), program(program), options(options), builder(kernel.getLoc(), kernel) {}

  void build();

private:
  //===-- Types and small pieces -------------------------------------------------------------===//

  mlir::Type element() { return kernel.getElement(); }
  mlir::Type real() { return builder.getF32Type(); }
  hop::FragType frag(llvm::ArrayRef<int64_t> shape, mlir::Type type) {
    return hop::FragType::get(builder.getContext(), shape, type);
  }
  hop::FragType outputType() { return frag({64, kernel.getHeadDim()}, real()); }
  hop::FragType rowType() { return frag({64}, real()); }
  hop::TileType tileType(int64_t rows) {
    return hop::TileType::get(builder.getContext(), {rows, int64_t(kernel.getHeadDim())},
                              element());
  }
  mlir::Type slotType() { return hop::SlotType::get(builder.getContext()); }
  mlir::Type stageType() { return hop::StageType::get(builder.getContext()); }
  mlir::Type tokenType() { return hop::TokenType::get(builder.getContext()); }
  mlir::Value i32(int64_t value) {
    return mlir::arith::ConstantOp::create(builder, builder.getI32IntegerAttr(value));
  }
  mlir::Value fill(hop::FragType type, float value) {
    return hop::FillOp::create(builder, type, llvm::APFloat(value));
  }
  mlir::Value addI(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddIOp::create(builder, a, b);
  }

  hop::ItemOp workItem() {
    return hop::ItemOp::create(builder, llvm::SmallVector<mlir::Type>(6, builder.getI32Type()));
  }

  // The kernel and its producer (HtToHop.cpp).
  void createKernel();
  void buildProducer();

  /// What of a stage is at hand: all of the tiles in a slot, or one half of their rows.
  struct Part {
    mlir::Value slot;
    mlir::Value half = {};   ///< 0 or 1; none: all
    mlir::Value isLast = {}; ///< of a half: whether the slot is not read after it
  };

  // The consumer warp groups (HtToHopConsumers.cpp).
  int64_t columnsOf(const Part &part) { return kernel.getTileK() / (part.half ? 2 : 1); }
  mlir::Value firstColumn(const Part &part); ///< none where it is the stage's
  mlir::Value await(mlir::Value ring, const Part &part);
  void readScalars();
  void startConsumer();
  void makeScalePositive();
  static ht::WorkItemOp itemOf(ht::KernelOp kernel) {
    return *kernel.getBody().front().getOps<ht::WorkItemOp>().begin();
  }
  bool usesTurns() { return options.pingPong && groups == 2; }
  bool inCluster() { return options.cluster > 1; }
  int64_t firstShared() { return options.groupLists ? 0 : 1; }
  /// `stage` is the number of the one that was in the slot, as `sharedEnd` counts, or none where no
  /// stage that is shared can follow in it.
  void release(mlir::Value ring, const Part &part, mlir::Value stage);
  void cloneBody(mlir::Region &from, mlir::Region &to, bool reload = false);
  mlir::Value score(mlir::Value scores, ht::ScoreOp from, mlir::Value stage, const Part &part);
  mlir::Value keep(mlir::Value stage);
  bool isLongMask();
  mlir::Value mask(mlir::Value scores, mlir::Value kept);
  void clearUnkept(mlir::Value slot, mlir::Value kept, mlir::Value isNeeded);
  mlir::Value needsClearing(mlir::Value index);
  hop::SoftmaxStepOp softmax(mlir::Value scores, mlir::Value maximum, mlir::Value sum);
  mlir::Value pack(mlir::Value weights) {
    int64_t columns = llvm::cast<hop::FragType>(weights.getType()).getColumns();
    return hop::PackOp::create(builder, frag({64, columns}, element()), weights);
  }
  mlir::Value rescale(mlir::Value output, mlir::Value correction);
  hop::ProductOp multiplyKeys(mlir::Value tile);
  hop::ProductOp multiplyValues(mlir::Value weights, mlir::Value tile, mlir::Value output);
  llvm::SmallVector<mlir::Value> wait(hop::ProductOp product, mlir::ValueRange accumulators,
                                      mlir::ValueRange reading = {});
  mlir::Value next(mlir::Value slot, mlir::Value ring);
  void finish(mlir::Value output, mlir::Value maximum, mlir::Value sum);
  void buildOverlapped();
  llvm::SmallVector<mlir::Value> overlappedLoop(mlir::Value from, mlir::Value to,
                                                llvm::ArrayRef<mlir::Value> state);
  llvm::SmallVector<mlir::Value> maskedStages(llvm::SmallVector<mlir::Value> before);
  void buildSerial();
  mlir::Value maskPadding(mlir::Value scores, mlir::Value isPadded,
                          llvm::function_ref<mlir::Value()> columns);
  /// One part of a stage by itself: output, maximum and sum after it, from those before.
  /// `released` is the stage as release() takes it. With `updates` the lazy rescaling is one
  /// branch: slower, for where no register is left to hold its factors.
  llvm::SmallVector<mlir::Value>
  finishStage(hop::ProductOp product, const Part &part, mlir::Value stage, mlir::Value released,
              mlir::ValueRange before, llvm::function_ref<mlir::Value(mlir::Value)> mask,
              bool masked, llvm::function_ref<void()> beforeValues, bool updates = false);
  llvm::SmallVector<mlir::Value> serialLoop(mlir::Value from, mlir::Value to,
                                            llvm::ArrayRef<mlir::Value> state, bool masked);

  // The same with stage lists by warp group (HtToHopGroups.cpp).
  void buildGrouped();
  llvm::SmallVector<mlir::Value> wholeLoop(mlir::Value from, mlir::Value to,
                                           llvm::ArrayRef<mlir::Value> state);
  llvm::SmallVector<mlir::Value> halvesLoop(mlir::Value from, mlir::Value to,
                                            llvm::ArrayRef<mlir::Value> state);
  llvm::SmallVector<mlir::Value> maskedLoop(mlir::Value from, mlir::Value to,
                                            llvm::ArrayRef<mlir::Value> state);
  mlir::Value useOf(mlir::Value stage);
  mlir::Value hasBit(mlir::Value use, mlir::Value bit);
  mlir::Value choose(mlir::Value condition, llvm::function_ref<mlir::Value()> then,
                     llvm::function_ref<mlir::Value()> otherwise);
  void buildKeeping(); ///< of a launch that only evaluates masks
  mlir::Value isMaskedBy(mlir::Value use);
  mlir::Value pageOf(mlir::Value use);
  void skip(mlir::Value slot);

  // A finite start: -infinity minus itself would be NaN. No product of 16-bit numbers comes near
  // it.
  static constexpr float lowest = -1e30f;

  ht::KernelOp kernel;
  TileProgram program;
  const HtToHopPassOptions &options;
  mlir::ImplicitLocOpBuilder builder;
  int64_t groups = 0;
  mlir::Value queryTile, keys, values, queryReady, group;
  hop::ItemOp item;
  mlir::IRMapping scalars;
  mlir::Value scale, queryRow, queryRows, firstColumns;
  mlir::Value sharedEnd; ///< in a cluster, the number after the last stage that both blocks have
  mlir::Value firstClearing; ///< number in the item of the first stage that clear_unkept is for
};

} // namespace halftone
