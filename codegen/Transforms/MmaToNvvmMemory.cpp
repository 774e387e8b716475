// Lowers the mma dialect's work on shared memory: cp.async, ldmatrix, stores, barriers.
//
// Shared tiles become 32-bit shared addresses; constant offsets become part of the instructions.
// PTX text is used instead of nvvm.ldmatrix and nvvm.cp.async because those take 64-bit pointers,
// and address registers are what an attention kernel is shortest of.
#include "codegen/Transforms/MmaScalars.h"
#include "codegen/Transforms/MmaToNvvmPatterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace halftone;
using namespace halftone::mma;

namespace {

/// Lowers an operation on one shared tile. The tile's address has a constant part, `offset`, that
/// becomes part of the instructions, and the rest, `address`.
template <typename TileOp> struct TileLowering : OpConversionPattern<TileOp> {
  using OpConversionPattern<TileOp>::OpConversionPattern;
  using Operands = typename OpConversionPattern<TileOp>::OneToNOpAdaptor;
  struct Tile {
    SharedType type;
    Value address;
    int64_t offset;
  };
  LogicalResult matchAndRewrite(TileOp op, Operands operands,
                                ConversionPatternRewriter &rewriter) const final {
    auto place = op.getTile().template getDefiningOp<SharedTileOp>();
    if (!place)
      return op.emitOpError() << "uses a shared tile that no mma.shared_tile gives it directly";
    MmaScalars scalars(op.getLoc(), rewriter);
    Tile tile{op.getTile().getType(), operands.getTile().front(), place.getOffset()};
    lower(op, operands, tile, scalars, rewriter);
    return success();
  }
  virtual void lower(TileOp op, Operands operands, const Tile &tile, MmaScalars &scalars,
                     ConversionPatternRewriter &rewriter) const = 0;
};

struct LowerSharedTile : OpConversionPattern<SharedTileOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(SharedTileOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MmaScalars scalars(op.getLoc(), rewriter);
    auto pointer = LLVM::LLVMPointerType::get(getContext(), 3);
    Value base = LLVM::AddressOfOp::create(rewriter, op.getLoc(), pointer, sharedMemoryName);
    Value address = LLVM::PtrToIntOp::create(rewriter, op.getLoc(), rewriter.getI32Type(), base);
    if (Value plus = adaptor.getPlus())
      address = scalars.add(address, plus);
    rewriter.replaceOp(op, address);
    return success();
  }
};

/// How a block's threads walk a tile: a thread starts at (row, chunk) and takes every `rowStep`-th
/// row and every `width`-th chunk.
struct ThreadWalk {
  ThreadWalk(MmaScalars &scalars, SharedType tile, int64_t threads)
      : width(mmaCopyWidth(tile.getChunks(), threads)), rowStep(tile.getCopyRows(threads)) {
    Value thread = scalars.thread();
    row = scalars.shiftRight(thread, llvm::Log2_64(width));
    chunk = scalars.bitAnd(thread, width - 1);
    Value swizzled = scalars.bitXor(chunk, scalars.swizzle(row, tile));
    sharedOffset =
        scalars.add(scalars.multiply(row, tile.getRowBytes()), scalars.multiply(swizzled, 16));
  }
  /// Where the thread starts in global memory, whose rows are `stride` bytes apart.
  Value globalOffset(MmaScalars &scalars, Value stride) const {
    return scalars.add(arith::MulIOp::create(scalars, scalars.widen(row), stride),
                       scalars.widen(scalars.multiply(chunk, 16)));
  }
  int64_t width, rowStep;
  Value row, chunk, sharedOffset;
};

struct LowerCopy : TileLowering<CopyOp> {
  using TileLowering::TileLowering;
  void lower(CopyOp op, Operands operands, const Tile &tile, MmaScalars &scalars,
             ConversionPatternRewriter &rewriter) const override {
    ThreadWalk walk(scalars, tile.type, op.getThreads());
    Value target = scalars.add(tile.address, walk.sharedOffset);
    Value stride = operands.getStride().front();
    // The thread's own offset first: the same for every tile of a loop.
    Value source =
        scalars.advance(operands.getSource().front(), walk.globalOffset(scalars, stride));
    Value step = scalars.multiply(stride, walk.rowStep);
    Value rowsLeft;
    if (!operands.getValid().empty())
      rowsLeft = arith::SubIOp::create(scalars, operands.getValid().front(), walk.row);
    for (int64_t row = 0; row < tile.type.getRows(); row += walk.rowStep) {
      Value bytes;
      if (rowsLeft)
        bytes = scalars.select(scalars.less(scalars.constant(row), rowsLeft), scalars.constant(16),
                               scalars.constant(0));
      for (int64_t chunk = 0; chunk < tile.type.getChunks(); chunk += walk.width) {
        int64_t constant = tile.offset + row * tile.type.getRowBytes() + chunk * 16;
        Value from = scalars.advance(source, chunk * 16);
        std::string text = llvm::formatv("cp.async.cg.shared.global [$0 + {0}], [$1], 16{1};",
                                         constant, rowsLeft ? ", $2" : "");
        if (rowsLeft)
          scalars.assembly(text, "r,l,r", {target, from, bytes}, {});
        else
          scalars.assembly(text, "r,l", {target, from}, {});
      }
      if (row + walk.rowStep < tile.type.getRows())
        source = scalars.advance(source, step);
    }
    rewriter.eraseOp(op);
  }
};

struct LowerRewrite : TileLowering<RewriteOp> {
  using TileLowering::TileLowering;
  void lower(RewriteOp op, Operands operands, const Tile &tile, MmaScalars &scalars,
             ConversionPatternRewriter &rewriter) const override {
    ThreadWalk walk(scalars, tile.type, op.getThreads());
    Value start = scalars.add(tile.address, walk.sharedOffset);
    auto chunkType = VectorType::get({4}, rewriter.getI32Type());
    Value keep = vector(rewriter, op.getLoc(), chunkType, operands.getKeep().front());
    Value flip = vector(rewriter, op.getLoc(), chunkType, operands.getFlip().front());
    for (int64_t row = 0; row < tile.type.getRows(); row += walk.rowStep)
      for (int64_t chunk = 0; chunk < tile.type.getChunks(); chunk += walk.width) {
        Value pointer = scalars.sharedPointer(
            scalars.add(start, tile.offset + row * tile.type.getRowBytes() + chunk * 16));
        Value value = LLVM::LoadOp::create(rewriter, op.getLoc(), chunkType, pointer, 16);
        value = LLVM::AndOp::create(rewriter, op.getLoc(), value, keep);
        value = LLVM::XOrOp::create(rewriter, op.getLoc(), value, flip);
        LLVM::StoreOp::create(rewriter, op.getLoc(), value, pointer, 16);
      }
    rewriter.eraseOp(op);
  }

private:
  static Value vector(OpBuilder &builder, Location loc, VectorType type, Value element) {
    Value result = LLVM::UndefOp::create(builder, loc, type);
    for (int64_t index = 0; index < type.getNumElements(); ++index) {
      Value position = LLVM::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(index));
      result = LLVM::InsertElementOp::create(builder, loc, result, element, position);
    }
    return result;
  }
};

/// What nvvm has as it is.
template <typename From, typename To> struct LowerTo : OpConversionPattern<From> {
  using OpConversionPattern<From>::OpConversionPattern;
  LogicalResult matchAndRewrite(From op, typename From::Adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<To>(op);
    return success();
  }
};

struct LowerWait : OpConversionPattern<WaitOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(WaitOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<NVVM::CpAsyncWaitGroupOp>(op, op.getPending());
    return success();
  }
};

/// Reads 16x16 squares by ldmatrix.x4. Every lane gives the address of one row of one of the four
/// 8x8 matrices, whose order is that of the operand's registers: a pair of registers that mma.sync
/// reads must be neighbours, or the assembler moves each of them.
///   columns first: (rows 0-7, columns 0-7), (rows 8-15, columns 0-7), (rows 0-7, columns 8-15),
///   ... rows first:    (rows 0-7, columns 0-7), (rows 0-7, columns 8-15), (rows 8-15, columns
///   0-7), ...
/// A left operand and, transposed by ldmatrix, values are read columns first, keys rows first.
class SquareReader {
public:
  SquareReader(MmaScalars &scalars, Value address, int64_t offset, SharedType tile, bool rowsFirst)
      : scalars(scalars), tile(tile), offset(offset) {
    Value lane = scalars.lane();
    Value low = scalars.bitAnd(scalars.shiftRight(lane, 3), 1);
    Value high = scalars.shiftRight(lane, 4);
    Value rowInEight = scalars.bitAnd(lane, 7);
    Value row = scalars.add(rowInEight, scalars.multiply(rowsFirst ? high : low, 8));
    Value half = scalars.bitXor(rowsFirst ? low : high, scalars.swizzle(rowInEight, tile));
    start = scalars.add(scalars.add(address, scalars.multiply(row, tile.getRowBytes())),
                        scalars.multiply(half, 16));
  }

  /// `row` and `column` are multiples of 16. Rows are a multiple of the swizzled bytes long, so the
  /// bits that a chunk is exchanged by can be flipped in the address itself.
  SmallVector<Value> read(int64_t row, int64_t column, bool transpose) {
    int64_t mask = tile.getSwizzleMask(), chunk = column / 8;
    Value address = start;
    if (chunk & mask)
      address = scalars.bitXor(start, scalars.constant((chunk & mask) * 16));
    int64_t constant = offset + row * tile.getRowBytes() + (chunk & ~mask) * 16;
    std::string text =
        llvm::formatv("ldmatrix.sync.aligned.m8n8.x4{0}.shared.b16 {{$0, $1, $2, $3}, [$4 + {1}];",
                      transpose ? ".trans" : "", constant);
    return scalars.assembly(text, "=r,=r,=r,=r,r", address,
                            SmallVector<Type>(4, scalars.getI32Type()));
  }

private:
  MmaScalars &scalars;
  SharedType tile;
  int64_t offset;
  Value start;
};

struct LowerLoadLeft : TileLowering<LoadLeftOp> {
  using TileLowering::TileLowering;
  void lower(LoadLeftOp op, Operands operands, const Tile &tile, MmaScalars &scalars,
             ConversionPatternRewriter &rewriter) const override {
    Value address = scalars.add(
        tile.address, scalars.multiply(operands.getRow().front(), tile.type.getRowBytes()));
    SquareReader reader(scalars, address, tile.offset, tile.type, /*rowsFirst=*/false);
    SmallVector<Value> registers;
    for (int64_t row = 0; row < op.getFragment().getType().getRows(); row += 16)
      llvm::append_range(registers, reader.read(row, op.getColumn(), /*transpose=*/false));
    rewriter.replaceOpWithMultiple(op, {registers});
  }
};

struct LowerLoadRight : TileLowering<LoadRightOp> {
  using TileLowering::TileLowering;
  void lower(LoadRightOp op, Operands operands, const Tile &tile, MmaScalars &scalars,
             ConversionPatternRewriter &rewriter) const override {
    SquareReader reader(scalars, tile.address, tile.offset, tile.type,
                        /*rowsFirst=*/op.getTransposed());
    // Registers of a right operand: for every 8 columns depth 0-7, then depth 8-15.
    SmallVector<Value> registers;
    for (int64_t column = 0; column < op.getFragment().getType().getColumns(); column += 16)
      llvm::append_range(registers, op.getTransposed()
                                        ? reader.read(column, op.getAt(), /*transpose=*/false)
                                        : reader.read(op.getAt(), column, /*transpose=*/true));
    rewriter.replaceOpWithMultiple(op, {registers});
  }
};

struct LowerStage : TileLowering<StageOp> {
  using TileLowering::TileLowering;
  void lower(StageOp op, Operands operands, const Tile &tile, MmaScalars &scalars,
             ConversionPatternRewriter &rewriter) const override {
    FragmentType type = op.getFragment().getType();
    ValueRange elements = operands.getFragment();
    Value rowOfLane = scalars.rowOfLane();
    Value swizzle = scalars.swizzle(rowOfLane, tile.type);
    Value row = scalars.add(operands.getRow().front(), rowOfLane);
    Value start = scalars.add(scalars.add(tile.address, tile.offset),
                              scalars.add(scalars.multiply(row, tile.type.getRowBytes()),
                                          scalars.multiply(scalars.pairOfLane(), 2)));
    auto pair = VectorType::get({2}, tile.type.getElement());
    int64_t blocks = type.getColumns() / 8, mask = tile.type.getSwizzleMask();
    for (int64_t block = 0; block < blocks; ++block) {
      Value chunk = scalars.bitXor(swizzle, scalars.constant(block & mask));
      Value address = scalars.add(start, scalars.multiply(chunk, 16));
      for (int64_t half = 0; half < type.getRows() / 8; ++half) {
        int64_t first = type.getRegister(half, block);
        Value value = LLVM::UndefOp::create(rewriter, op.getLoc(), pair);
        for (int64_t position = 0; position < 2; ++position) {
          Value narrow =
              arith::TruncFOp::create(scalars, tile.type.getElement(), elements[first + position]);
          value = LLVM::InsertElementOp::create(rewriter, op.getLoc(), value, narrow,
                                                scalars.constant(position));
        }
        Value place =
            scalars.add(address, half * 8 * tile.type.getRowBytes() + (block & ~mask) * 16);
        LLVM::StoreOp::create(rewriter, op.getLoc(), value, scalars.sharedPointer(place), 4);
      }
    }
    rewriter.eraseOp(op);
  }
};

struct LowerStore : TileLowering<StoreOp> {
  using TileLowering::TileLowering;
  void lower(StoreOp op, Operands operands, const Tile &tile, MmaScalars &scalars,
             ConversionPatternRewriter &rewriter) const override {
    ThreadWalk walk(scalars, tile.type, op.getThreads());
    Value source = scalars.add(tile.address, walk.sharedOffset);
    Value stride = operands.getStride().front();
    Value target =
        scalars.advance(operands.getDestination().front(), walk.globalOffset(scalars, stride));
    Value step = scalars.multiply(stride, walk.rowStep);
    Value rowsLeft = arith::SubIOp::create(scalars, operands.getValid().front(), walk.row);
    auto chunkType = VectorType::get({4}, rewriter.getI32Type());
    for (int64_t row = 0; row < tile.type.getRows(); row += walk.rowStep) {
      Value inside = scalars.less(scalars.constant(row), rowsLeft);
      auto branch = scf::IfOp::create(rewriter, op.getLoc(), inside, /*withElseRegion=*/false);
      {
        OpBuilder::InsertionGuard guard(rewriter);
        rewriter.setInsertionPointToStart(branch.thenBlock());
        MmaScalars inner(op.getLoc(), rewriter);
        for (int64_t chunk = 0; chunk < tile.type.getChunks(); chunk += walk.width) {
          Value place = inner.add(source, tile.offset + row * tile.type.getRowBytes() + chunk * 16);
          Value value = LLVM::LoadOp::create(rewriter, op.getLoc(), chunkType,
                                             inner.sharedPointer(place), 16);
          LLVM::StoreOp::create(rewriter, op.getLoc(), value, inner.advance(target, chunk * 16),
                                16);
        }
      }
      target = scalars.advance(target, step);
    }
    rewriter.eraseOp(op);
  }
};

struct LowerStoreRows : OpConversionPattern<StoreRowsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(StoreRowsOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MmaScalars scalars(op.getLoc(), rewriter);
    Value first = arith::CmpIOp::create(scalars, arith::CmpIPredicate::eq, scalars.pairOfLane(),
                                        scalars.constant(0));
    Value start = scalars.add(adaptor.getRow().front(), scalars.rowOfLane());
    for (auto [half, value] : llvm::enumerate(adaptor.getRows())) {
      Value row = scalars.add(start, half * 8);
      Value inside =
          arith::AndIOp::create(scalars, first, scalars.less(row, adaptor.getValid().front()));
      auto branch = scf::IfOp::create(rewriter, op.getLoc(), inside, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToStart(branch.thenBlock());
      MmaScalars inner(op.getLoc(), rewriter);
      Value bytes = inner.multiply(inner.widen(row), 4);
      LLVM::StoreOp::create(rewriter, op.getLoc(), value,
                            inner.advance(adaptor.getDestination().front(), bytes), 4);
    }
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void halftone::populateMmaMemoryPatterns(const TypeConverter &converter,
                                         RewritePatternSet &patterns) {
  patterns
      .add<LowerSharedTile, LowerCopy, LowerRewrite, LowerTo<CommitOp, NVVM::CpAsyncCommitGroupOp>,
           LowerWait, LowerTo<BarrierOp, NVVM::Barrier0Op>, LowerLoadLeft, LowerLoadRight,
           LowerStage, LowerStore, LowerStoreRows>(converter, patterns.getContext());
}
