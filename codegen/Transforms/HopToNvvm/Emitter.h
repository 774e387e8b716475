#pragma once

#include "codegen/Dialect/Hop/HopDialect.h"
#include "runtime/GatheredStages.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace halftone::hop {

using Registers = llvm::SmallVector<mlir::Value>;

/// Where a ring lives: byte offsets in shared memory.
struct RingPlace {
  int64_t tiles = 0, fullBarriers = 0, emptyBarriers = 0;
};

/// Lowers one hop.kernel to one llvm.func. Every hop value becomes the registers that hold it, one
/// scalar each (a fragment of 64x192xf32 is 96 of them a thread); structured control flow is
/// rebuilt around them. A walk over the structured program, not a dialect conversion, because the
/// mapping is one to many for nearly every value and the order of what is emitted matters to ptxas.
///
/// Split by topic: Emitter.cpp (function, roles), ControlFlow.cpp, Copies.cpp (rings, barriers,
/// bulk copies), MatrixOps.cpp (wgmma), Fragments.cpp (softmax), Masks.cpp, Keep.cpp, Stores.cpp.
class Emitter {
public:
  explicit Emitter(KernelOp kernel);
  mlir::LogicalResult emit();

private:
  // Emitter.cpp
  void placeShared();
  void emitFunction();
  void placeBlock(); ///< shared memory and the thread
  void emitPrologue(RolesOp roles);
  void placeThread(); ///< thread and what follows from it
  /// Reads the thread's number anew while it lives: what follows from it need not be held in
  /// registers all through the loops before.
  struct ThreadAnew;
  mlir::LogicalResult emitOp(mlir::Operation *op);
  void emitItem(ItemOp item);
  mlir::Value itemField(int64_t offset); ///< of the block's work item
  Registers take(mlir::ValueRange values);
  mlir::Value one(mlir::Value value); ///< the single register of a scalar
  void give(mlir::Value value, Registers registers) { held[value] = std::move(registers); }

  // ControlFlow.cpp
  void emitBlock(mlir::Block &block);
  void emitFor(mlir::scf::ForOp loop);
  void emitIf(mlir::scf::IfOp branch);
  void distribute(mlir::ValueRange registers, mlir::ValueRange to);
  llvm::SmallVector<mlir::Type> registerTypes(mlir::Type type);

  // Copies.cpp
  void emitLoadQuery(LoadQueryOp op);
  mlir::Value stageEntry(mlir::Value index); ///< of the plan's list of chunk starts
  int64_t stageEntries();                    ///< words of a stage in the plan
  void emitLoadStage(LoadStageOp op);
  void emitLoadUse(LoadUseOp op);
  /// Whether the chunks of either half of a stage may be one copy.
  bool copiesHalves() { return hasHalves(kernel.getTileK() / kernel.getGather()); }
  void emitCopy(CopyOp op);
  void emitAwaitSlot(AwaitSlotOp op);
  void emitRelease(ReleaseOp op);
  void release(const RingPlace &place, mlir::Value slot, mlir::Value isShared);
  void emitSkip(SkipOp op);
  void emitNextSlot(NextSlotOp op);
  /// With `blocks`, an i16, into the same place of these blocks of the cluster, each of which
  /// hears of it by its own barrier.
  void bulkCopy(mlir::Value destination, mlir::Value map, mlir::Value barrier, mlir::Value column,
                mlir::Value row, mlir::Value head, mlir::Value batch, mlir::Value blocks = {});
  mlir::Value blockOfCluster(); ///< this block's number in its cluster
  mlir::Value barrierAt(int64_t offset, mlir::Value index = {});
  void waitBarrier(mlir::Value barrier, mlir::Value phase);
  void expectBytes(mlir::Value barrier, int64_t bytes);
  mlir::Value kvHead(mlir::Value head);
  void emitNamedBarrier(mlir::Value number, mlir::Value threads);
  void emitAsyncFence(); ///< orders this thread's shared stores before what the async proxy reads

  // MatrixOps.cpp
  void emitProduct(ProductOp op);
  void emitWait(WaitOp op);
  mlir::Value descriptor(mlir::Value address, int64_t leading, int64_t stride);
  Registers pin(const Registers &registers);
  Registers assembly(llvm::StringRef text, llvm::StringRef constraints, mlir::ValueRange operands,
                     mlir::TypeRange results);

  // Fragments.cpp
  void emitSoftmaxStep(SoftmaxStepOp op);
  void emitSoftmaxUpdate(SoftmaxUpdateOp op);
  Registers maximaOf(const Registers &scores, Registers maximum);
  Registers weigh(const Registers &scores, const Registers &maximum, mlir::Value scale,
                  Registers &sum);
  void emitSoftmaxEnd(SoftmaxEndOp op);
  void emitPack(PackOp op);
  void emitRescale(RescaleOp op);

  // Masks.cpp
  void emitMaskColumns(MaskColumnsOp op);
  void emitMask(MaskOp op);
  void emitScore(ScoreOp op);
  void emitClearUnkept(ClearUnkeptOp op);
  void emitRewrite(RewriteOp op);
  /// Calls `body` for each element of a score fragment with its query and key. `from` is the column
  /// of the stage that its first one is, if not 0.
  void
  forEachPair(mlir::Value query, mlir::Value stage, mlir::Value from, int64_t columns,
              llvm::function_ref<void(int64_t element, mlir::Value query, mlir::Value key)> body);
  mlir::Value chunkStart(mlir::Value stage, mlir::Value chunk); ///< first key of a chunk
  void readParameters(mlir::Region &region); ///< once, ahead of the pairs that cloneRegion is for
  void cloneScalar(mlir::Operation &op, mlir::IRMapping &mapping);
  mlir::Value cloneRegion(mlir::Region &region, mlir::ValueRange arguments);
  mlir::Value packPair(mlir::Value low, mlir::Value high, mlir::Type element);
  mlir::Value exp2(mlir::Value x);
  mlir::Value butterfly(mlir::Value x, int offset);

  // Keep.cpp
  struct KeepRun;
  struct KeepPiece;
  void emitKeep(KeepOp op);
  void emitLoadKept(LoadKeptOp op);
  void emitStoreKept(StoreKeptOp op);
  mlir::Value pageOf(mlir::Value number, int64_t words); ///< this thread's words of a page
  void emitKeepNone(KeepNoneOp op);
  mlir::Value keptShift(mlir::Value column);
  Registers withWord(mlir::ValueRange words, mlir::Value at, mlir::Value bits);
  Registers withBits(mlir::ValueRange words, mlir::Value first, const Registers &bits);
  Registers pinnedRows(mlir::Value query);
  mlir::Value bitsOfPairs(const KeepRun &run);
  KeepPiece pieceAt(const KeepRun &run, mlir::Value begin);
  mlir::Value existing(mlir::Value first, mlir::Value most);
  Registers bitsOfRun(const KeepRun &run);
  mlir::Value pieceEnd(const KeepRun &run, const KeepPiece &piece);
  mlir::Value isSteady(const KeepRun &run, const KeepPiece &piece, mlir::Value to);
  mlir::Value bitsFrom(const KeepRun &run, const KeepPiece &piece, mlir::Value row);

  // Stores.cpp
  void emitStoreOutput(StoreOutputOp op);
  void emitStoreLse(StoreLseOp op);

  // Which pairs of a 64 x N fragment a thread holds: element e is row e / 2 mod 2 of its two rows,
  // w * 16 + lane / 4 (+ 8) of the warp group, and column 8 (e / 4) + e mod 2 + 2 (lane mod 4).
  static int64_t rowOf(int64_t element) { return element / 2 % 2; }
  static int64_t columnOf(int64_t element) { return element / 4 * 8 + element % 2; }
  // A word of !hop.kept has the elements of 64 columns: nibble h of byte b is those of
  // columns 32 h + 8 b to 32 h + 8 b + 7, so that a word with a bit a column becomes one of them by
  // a shift and a mask.
  static int64_t keptBit(int64_t element) {
    return element / 4 % 4 * 8 + element / 16 * 4 + element % 4;
  }
  std::array<mlir::Value, 2> rowsOf(mlir::Value first); ///< this thread's rows, from the group's

  // Scalars
  mlir::Value i32(int64_t value);
  mlir::Value i64(int64_t value);
  mlir::Value f32(float value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b);
  mlir::Value multiply(mlir::Value a, int64_t b);
  mlir::Value uniform(mlir::Value x); ///< tells ptxas that x is the same in every lane
  mlir::Value argument(mlir::Type type, int64_t offset); ///< a field of KernelArguments
  mlir::Value sharedAt(mlir::Value offset);
  void ifThen(mlir::Value condition, llvm::function_ref<void()> body);

  KernelOp kernel;
  mlir::ImplicitLocOpBuilder builder;
  mlir::LLVM::LLVMFuncOp function;
  llvm::DenseMap<mlir::Value, Registers> held;
  llvm::DenseMap<mlir::Value, RingPlace> rings;
  llvm::DenseMap<mlir::Value, int64_t> offsets;    ///< tiles and barriers: bytes
  llvm::DenseMap<mlir::Value, int64_t> panelBytes; ///< tiles: distance of two panels
  int64_t barrierBytes = 0, sharedBytes = 0, keptBits = 0;
  bool inProducer = false;
  // Values that every role needs; emitted once in the prologue.
  mlir::Value shared, sharedAddress, thread, warpGroup, lane, warpInGroup, columnPair, fullMask;
  mlir::Value queryMap, keyMap, valueMap, keyHalfMap, valueHalfMap, keyGatherMap, valueGatherMap;
};

} // namespace halftone::hop
