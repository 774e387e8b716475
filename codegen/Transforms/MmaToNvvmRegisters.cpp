// Lowers the mma dialect's work on registers: products, elementwise maps, reductions, operands.
#include "codegen/Transforms/MmaScalars.h"
#include "codegen/Transforms/MmaToNvvmPatterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace halftone;
using namespace halftone::mma;

namespace {

/// The value of another lane of the warp: the one whose number differs in the bits of `distance`.
Value exchange(MmaScalars &scalars, Value value, int64_t distance) {
  return NVVM::ShflOp::create(scalars, value.getType(), scalars.constant(-1), value,
                              scalars.constant(distance), scalars.constant(31),
                              NVVM::ShflKind::bfly, UnitAttr());
}

Value join(MmaScalars &scalars, Reduction reduction, Value a, Value b) {
  if (reduction == Reduction::Add)
    return arith::AddFOp::create(scalars, a, b, arith::FastMathFlags::contract);
  return arith::MaxNumFOp::create(scalars, a, b);
}

struct LowerWarp : OpConversionPattern<WarpOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(WarpOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MmaScalars scalars(op.getLoc(), rewriter);
    Value warp = scalars.shiftRight(scalars.thread(), 5);
    rewriter.replaceOpWithNewOp<NVVM::ShflOp>(op, warp.getType(), scalars.constant(-1), warp,
                                              scalars.constant(0), scalars.constant(31),
                                              NVVM::ShflKind::idx, UnitAttr());
    return success();
  }
};

struct LowerFill : OpConversionPattern<FillOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(FillOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Value value = arith::ConstantOp::create(rewriter, op.getLoc(), op.getValueAttr());
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertType(op.getResult().getType(), types)))
      return failure();
    rewriter.replaceOpWithMultiple(op, {SmallVector<Value>(types.size(), value)});
    return success();
  }
};

struct LowerMultiply : OpConversionPattern<MultiplyOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(MultiplyOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MmaScalars scalars(op.getLoc(), rewriter);
    FragmentType left = op.getLeft().getType(), result = op.getResult().getType();
    bool half = left.getElement().isF16();
    NVVM::MMATypes element = half ? NVVM::MMATypes::f16 : NVVM::MMATypes::bf16;
    auto pair = VectorType::get({2}, rewriter.getF16Type());
    auto operand = [&](Value value) -> Value {
      return half ? LLVM::BitcastOp::create(rewriter, op.getLoc(), pair, value) : value;
    };
    Type f32 = rewriter.getF32Type();
    auto square = LLVM::LLVMStructType::getLiteral(getContext(), {f32, f32, f32, f32});
    int64_t rowBlocks = result.getRows() / 16, blocks = result.getColumns() / 8;
    int64_t steps = left.getColumns() / 16;
    SmallVector<Value> sums(adaptor.getInto());
    for (int64_t step = 0; step < steps; ++step)
      for (int64_t block = 0; block < blocks; ++block)
        for (int64_t turn = 0; turn < rowBlocks; ++turn) {
          // Back and forth, so that neighbouring products share the left operand.
          int64_t row = block % 2 ? rowBlocks - 1 - turn : turn;
          SmallVector<Value> a, b;
          for (int64_t i = 0; i < 4; ++i)
            a.push_back(operand(adaptor.getLeft()[(row * steps + step) * 4 + i]));
          for (int64_t i = 0; i < 2; ++i)
            b.push_back(operand(adaptor.getRight()[(step * blocks + block) * 2 + i]));
          auto c = MutableArrayRef<Value>(sums).slice((row * blocks + block) * 4, 4);
          Value product = NVVM::MmaOp::create(
              rewriter, op.getLoc(), square, a, b, ValueRange(c), ArrayRef<int64_t>{16, 8, 16},
              std::nullopt, std::nullopt, std::array<NVVM::MMATypes, 2>{element, element},
              std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row, NVVM::MMALayout::col});
          for (int64_t i = 0; i < 4; ++i)
            c[i] = LLVM::ExtractValueOp::create(rewriter, op.getLoc(), product, i);
        }
    rewriter.replaceOpWithMultiple(op, {sums});
    return success();
  }
};

struct LowerMap : OpConversionPattern<MapOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(MapOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MmaScalars scalars(op.getLoc(), rewriter);
    auto matrix = dyn_cast<FragmentType>(op.getShape());
    int64_t rows = matrix ? matrix.getRows() : cast<RowsType>(op.getShape()).getRows();
    int64_t blocks = matrix ? matrix.getColumns() / 8 : 1, width = matrix ? 2 : 1;
    ArrayRef<ValueRange> inputs = adaptor.getInputs(), at = adaptor.getAt();
    SmallVector<Value> rowNumbers, columnNumbers;
    if (!at.empty()) {
      Value start = scalars.add(at[0].front(), scalars.rowOfLane());
      for (int64_t half = 0; half < rows / 8; ++half)
        rowNumbers.push_back(scalars.add(start, half * 8));
    }
    if (at.size() > 1) {
      Value start = scalars.add(at[1].front(), scalars.pairOfLane());
      for (int64_t column = 0; column < blocks * 2; ++column)
        columnNumbers.push_back(scalars.add(start, column / 2 * 8 + column % 2));
    }
    SmallVector<SmallVector<Value>> results(op.getNumResults());
    Block &body = op.getBody().front();
    for (int64_t rowBlock = 0; rowBlock < rows / 16; ++rowBlock)
      for (int64_t block = 0; block < blocks; ++block)
        for (int64_t upper = 0; upper < 2; ++upper)
          for (int64_t position = 0; position < width; ++position) {
            int64_t half = rowBlock * 2 + upper;
            int64_t element = ((rowBlock * blocks + block) * 2 + upper) * width + position;
            IRMapping mapping;
            for (auto [index, input] : llvm::enumerate(op.getInputs()))
              mapping.map(body.getArgument(index),
                          inputs[index][isa<RowsType>(input.getType()) ? half : element]);
            if (!rowNumbers.empty())
              mapping.map(body.getArgument(inputs.size()), rowNumbers[half]);
            if (!columnNumbers.empty())
              mapping.map(body.getArgument(inputs.size() + 1), columnNumbers[block * 2 + position]);
            for (Operation &nested : body.without_terminator())
              rewriter.clone(nested, mapping);
            for (auto [list, value] : llvm::zip(results, body.getTerminator()->getOperands()))
              list.push_back(mapping.lookupOrDefault(value));
          }
    rewriter.replaceOpWithMultiple(op, results);
    return success();
  }
};

struct LowerReduce : OpConversionPattern<ReduceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(ReduceOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MmaScalars scalars(op.getLoc(), rewriter);
    FragmentType type = op.getFragment().getType();
    int64_t blocks = type.getColumns() / 8;
    SmallVector<Value> results;
    for (auto [half, into] : llvm::enumerate(adaptor.getInto())) {
      // Two chains a row: half the latency of one.
      Value even = into, odd;
      for (int64_t block = 0; block < blocks; ++block) {
        int64_t first = type.getRegister(int64_t(half), block);
        Value a = adaptor.getFragment()[first], b = adaptor.getFragment()[first + 1];
        even = join(scalars, op.getReduction(), even, a);
        odd = odd ? join(scalars, op.getReduction(), odd, b) : b;
      }
      results.push_back(join(scalars, op.getReduction(), even, odd));
    }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};

struct LowerQuadReduce : OpConversionPattern<QuadReduceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(QuadReduceOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MmaScalars scalars(op.getLoc(), rewriter);
    SmallVector<Value> results(adaptor.getRows());
    for (int64_t distance : {1, 2})
      for (Value &value : results)
        value = join(scalars, op.getReduction(), value, exchange(scalars, value, distance));
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};

struct LowerNarrow : OpConversionPattern<NarrowOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(NarrowOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    FragmentType type = op.getFragment().getType();
    Type element = op.getResult().getType().getElement();
    auto name = rewriter.getStringAttr(element.isF16() ? "llvm.nvvm.ff2f16x2.rn"
                                                       : "llvm.nvvm.ff2bf16x2.rn");
    auto pair = VectorType::get({2}, element);
    int64_t firstBlock = op.getColumn() / 8;
    SmallVector<Value> registers;
    for (int64_t rowBlock = 0; rowBlock < type.getRows() / 16; ++rowBlock)
      for (int64_t block = firstBlock; block < firstBlock + 2; ++block)
        for (int64_t upper = 0; upper < 2; ++upper) {
          int64_t first = type.getRegister(rowBlock * 2 + upper, block);
          Value low = adaptor.getFragment()[first], high = adaptor.getFragment()[first + 1];
          auto packed = LLVM::CallIntrinsicOp::create(rewriter, op.getLoc(), pair, name,
                                                      ValueRange{high, low});
          registers.push_back(LLVM::BitcastOp::create(rewriter, op.getLoc(), rewriter.getI32Type(),
                                                      packed.getResults()));
        }
    rewriter.replaceOpWithMultiple(op, {registers});
    return success();
  }
};

struct LowerKeptColumns : OpConversionPattern<KeptColumnsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(KeptColumnsOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MmaScalars scalars(op.getLoc(), rewriter);
    FragmentType type = op.getKept().getType();
    int64_t blocks = type.getColumns() / 8;
    Value bits;
    for (int64_t column = 0; column < blocks * 2; ++column) {
      Value any;
      for (int64_t half = 0; half < type.getRows() / 8; ++half) {
        Value kept = adaptor.getKept()[type.getRegister(half, column / 2, column % 2)];
        any = any ? arith::OrIOp::create(scalars, any, kept).getResult() : kept;
      }
      Value bit = scalars.select(any, scalars.constant(int64_t(1) << column), scalars.constant(0));
      bits = bits ? arith::OrIOp::create(scalars, bits, bit).getResult() : bit;
    }
    // The lanes of a column are those of equal lane % 4.
    for (int64_t distance : {4, 8, 16})
      bits = arith::OrIOp::create(scalars, bits, exchange(scalars, bits, distance));
    rewriter.replaceOp(op, bits);
    return success();
  }
};

struct LowerClearRows : OpConversionPattern<ClearRowsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(ClearRowsOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MmaScalars scalars(op.getLoc(), rewriter);
    Value bits = adaptor.getColumns().front();
    // Register 0 of a block holds rows 2*(lane%4) and the next, register 1 those eight below: the
    // rows are the lane's own columns of the accumulator.
    SmallVector<Value, 2> masks;
    for (int64_t part = 0; part < 2; ++part) {
      int64_t column = (op.getAt() / 8 + part) * 2;
      Value low = scalars.bitAnd(scalars.shiftRight(bits, column), 1);
      Value high = scalars.bitAnd(scalars.shiftRight(bits, column + 1), 1);
      masks.push_back(arith::OrIOp::create(scalars, scalars.multiply(low, 0xffff),
                                           scalars.multiply(high, 0xffff0000)));
    }
    SmallVector<Value> registers;
    for (auto [index, value] : llvm::enumerate(adaptor.getRight()))
      registers.push_back(arith::AndIOp::create(scalars, value, masks[index % 2]));
    rewriter.replaceOpWithMultiple(op, {registers});
    return success();
  }
};

} // namespace

void halftone::populateMmaRegisterPatterns(const TypeConverter &converter,
                                           RewritePatternSet &patterns) {
  patterns.add<LowerWarp, LowerFill, LowerMultiply, LowerMap, LowerReduce, LowerQuadReduce,
               LowerNarrow, LowerKeptColumns, LowerClearRows>(converter, patterns.getContext());
}
