// Arithmetic on fragments. A thread holds, of a 64 x N accumulator, rows w * 16 + lane / 4 (+ 8)
// and columns 8 j + 2 (lane mod 4) (+ 1): register 4 j + 2 r + c is row r, column c of column group
// j.
#include "codegen/ArgumentLayout.h"
#include "codegen/Transforms/HopToNvvm/Emitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

#include <cmath>

using namespace mlir;

namespace halftone::hop {

namespace {
int64_t rowOf(int64_t element) { return element / 2 % 2; }
int64_t columnOf(int64_t element) { return element / 4 * 8 + element % 2; } // plus 2 (lane mod 4)
} // namespace

// Scalars stay scalars, contracted where a multiply and an add may become one.
static Value fmul(ImplicitLocOpBuilder &builder, Value a, Value b) {
  return LLVM::FMulOp::create(builder, a, b, LLVM::FastmathFlags::contract);
}
static Value fadd(ImplicitLocOpBuilder &builder, Value a, Value b) {
  return LLVM::FAddOp::create(builder, a, b, LLVM::FastmathFlags::contract);
}
static Value fsub(ImplicitLocOpBuilder &builder, Value a, Value b) {
  return LLVM::FSubOp::create(builder, a, b, LLVM::FastmathFlags::contract);
}
static Value call(ImplicitLocOpBuilder &builder, StringRef name, Value x) {
  return LLVM::CallIntrinsicOp::create(builder, builder.getF32Type(), builder.getStringAttr(name),
                                       ValueRange{x})
      .getResult(0);
}

Value Emitter::exp2(Value x) { return call(builder, "llvm.nvvm.ex2.approx.ftz.f32", x); }

Value Emitter::butterfly(Value x, int offset) {
  return NVVM::ShflOp::create(builder, x.getType(), fullMask, x, i32(offset), i32(31),
                              NVVM::ShflKind::bfly, UnitAttr());
}

Value Emitter::packPair(Value low, Value high, Type element) {
  auto vector = VectorType::get({2}, element);
  Value pair;
  if (element.isBF16())
    pair = NVVM::ConvertF32x2ToBF16x2Op::create(builder, vector, high, low, Value(),
                                                NVVM::FPRoundingMode::RN,
                                                NVVM::SaturationMode::NONE, false);
  else
    pair = NVVM::ConvertF32x2ToF16x2Op::create(builder, vector, high, low, Value(),
                                               NVVM::FPRoundingMode::RN, NVVM::SaturationMode::NONE,
                                               false);
  return LLVM::BitcastOp::create(builder, builder.getI32Type(), pair);
}

void Emitter::emitSoftmaxStep(SoftmaxStepOp op) {
  Registers scores = held.at(op.getScores()), before = held.at(op.getMaximum()),
            sum = held.at(op.getSum());
  Value scale = one(op.getScale());
  Registers maximum = before, correction(2), shift(2);
  for (auto [index, score] : llvm::enumerate(scores)) {
    Value &row = maximum[rowOf(index)];
    row = LLVM::MaxNumOp::create(builder, row, score);
  }
  for (Value &row : maximum)
    for (int offset : {2, 1})
      row = LLVM::MaxNumOp::create(builder, row, butterfly(row, offset));
  for (int row = 0; row < 2; ++row) {
    Value growth = fmul(builder, fsub(builder, maximum[row], before[row]), scale);
    if (op.getSkip()) {
      Value needed = LLVM::FCmpOp::create(builder, LLVM::FCmpPredicate::ogt, growth, f32(8));
      maximum[row] = LLVM::SelectOp::create(builder, needed, maximum[row], before[row]);
      Value factor = exp2(LLVM::FNegOp::create(builder, growth));
      correction[row] = LLVM::SelectOp::create(builder, needed, factor, f32(1));
    } else {
      correction[row] = exp2(fmul(builder, fsub(builder, before[row], maximum[row]), scale));
    }
    sum[row] = fmul(builder, sum[row], correction[row]);
    shift[row] = LLVM::FNegOp::create(builder, fmul(builder, maximum[row], scale));
  }
  Registers weights;
  for (auto [index, score] : llvm::enumerate(scores)) {
    int64_t row = rowOf(index);
    weights.push_back(exp2(LLVM::FMAOp::create(builder, score, scale, shift[row])));
    sum[row] = fadd(builder, sum[row], weights.back());
  }
  give(op.getWeights(), weights);
  give(op.getNewMaximum(), maximum);
  give(op.getNewSum(), sum);
  give(op.getCorrection(), correction);
}

void Emitter::emitSoftmaxEnd(SoftmaxEndOp op) {
  Registers values = held.at(op.getAccumulator()), maximum = held.at(op.getMaximum()),
            sum = held.at(op.getSum());
  Value scale = one(op.getScale()), zero = f32(0);
  Registers inverse(2), lse(2);
  for (int row = 0; row < 2; ++row) {
    Value total = sum[row];
    for (int offset : {2, 1})
      total = fadd(builder, total, butterfly(total, offset));
    Value empty = LLVM::FCmpOp::create(builder, LLVM::FCmpPredicate::oeq, total, zero);
    Value reciprocal = call(builder, "llvm.nvvm.rcp.approx.ftz.f", total);
    inverse[row] = LLVM::SelectOp::create(builder, empty, zero, reciprocal);
    Value logarithm = call(builder, "llvm.nvvm.lg2.approx.ftz.f", total);
    Value natural = fmul(builder, LLVM::FMAOp::create(builder, maximum[row], scale, logarithm),
                         f32(0.693147181f));
    lse[row] = LLVM::SelectOp::create(builder, empty, f32(-INFINITY), natural);
  }
  for (auto [index, value] : llvm::enumerate(values))
    value = fmul(builder, value, inverse[rowOf(index)]);
  give(op.getOutput(), values);
  give(op.getLse(), lse);
}

void Emitter::emitPack(PackOp op) {
  Registers values = held.at(op.getValues()), packed;
  for (size_t i = 0; i < values.size(); i += 2)
    packed.push_back(packPair(values[i], values[i + 1], op.getPacked().getType().getElement()));
  give(op.getPacked(), packed);
}

void Emitter::emitRescale(RescaleOp op) {
  Registers values = held.at(op.getValues()), factors = held.at(op.getFactors());
  auto scaled = [&] {
    Registers result;
    for (auto [index, value] : llvm::enumerate(values))
      result.push_back(fmul(builder, value, factors[rowOf(index)]));
    return result;
  };
  if (!op.getSkip())
    return give(op.getResult(), scaled());
  Value any;
  for (Value factor : factors) {
    Value changed = LLVM::FCmpOp::create(builder, LLVM::FCmpPredicate::une, factor, f32(1));
    any = any ? Value(LLVM::OrOp::create(builder, any, changed)) : changed;
  }
  any = NVVM::VoteSyncOp::create(builder, builder.getI1Type(), fullMask, any,
                                 NVVM::VoteSyncKind::any);
  auto branch = scf::IfOp::create(builder, ValueRange(values).getTypes(), any, true, true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(builder, scaled());
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, values);
  }
  give(op.getResult(), Registers(branch.getResults()));
}

void Emitter::emitMaskColumns(MaskColumnsOp op) {
  Registers scores = held.at(op.getScores());
  Value limit = LLVM::SubOp::create(builder, one(op.getCount()), columnPair),
        dropped = f32(-INFINITY);
  for (auto [index, score] : llvm::enumerate(scores)) {
    Value kept =
        LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::sgt, limit, i32(columnOf(index)));
    score = LLVM::SelectOp::create(builder, kept, score, dropped);
  }
  give(op.getResult(), scores);
}

void Emitter::forEachPair(Value query, Value stage, int64_t columns,
                          function_ref<void(int64_t, Value, Value)> body) {
  int64_t gather = kernel.getGather(), chunks = kernel.getTileK() / gather;
  Value stages = argument(LLVM::LLVMPointerType::get(builder.getContext(), 1), layout::stages);
  Value base = multiply(stage, chunks);
  SmallVector<Value> starts;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    Value at = LLVM::GEPOp::create(builder, stages.getType(), builder.getI32Type(), stages,
                                   ValueRange{add(base, chunk)});
    Value start = LLVM::LoadOp::create(builder, builder.getI32Type(), at, /*alignment=*/4);
    start = LLVM::AndOp::create(builder, start, i32(0x7fffffff));
    starts.push_back(add(start, columnPair));
  }
  Value row =
      add(add(query, multiply(warpInGroup, 16)), LLVM::LShrOp::create(builder, lane, i32(2)));
  Value rows[2] = {row, add(row, 8)};
  for (int64_t element = 0; element < columns / 2; ++element) {
    int64_t column = columnOf(element);
    body(element, rows[rowOf(element)], add(starts[column / gather], column % gather));
  }
}

Value Emitter::cloneRegion(Region &region, ValueRange arguments) {
  IRMapping mapping;
  for (auto [from, to] : llvm::zip(region.getArguments(), arguments))
    mapping.map(from, to);
  for (Operation &op : region.front().without_terminator()) {
    // Values from outside the region are scalars of the consumer.
    for (Value operand : op.getOperands())
      if (!mapping.contains(operand))
        mapping.map(operand, one(operand));
    builder.clone(op, mapping);
  }
  Value result = region.front().getTerminator()->getOperand(0);
  return mapping.contains(result) ? mapping.lookup(result) : one(result);
}

void Emitter::emitMask(MaskOp op) {
  Registers scores = held.at(op.getScores()), kept(scores.size());
  Value dropped = f32(-INFINITY);
  forEachPair(one(op.getQuery()), one(op.getStage()), op.getScores().getType().getColumns(),
              [&](int64_t element, Value query, Value key) {
                kept[element] =
                    cloneRegion(op.getBody(), {one(op.getBatch()), one(op.getHead()), query, key});
                scores[element] =
                    LLVM::SelectOp::create(builder, kept[element], scores[element], dropped);
              });
  give(op.getResult(), scores);
  give(op.getKept(), kept);
}

void Emitter::emitScore(ScoreOp op) {
  Registers scores = held.at(op.getScores());
  forEachPair(one(op.getQuery()), one(op.getStage()), op.getScores().getType().getColumns(),
              [&](int64_t element, Value query, Value key) {
                scores[element] = cloneRegion(op.getBody(), {scores[element], one(op.getBatch()),
                                                             one(op.getHead()), query, key});
              });
  give(op.getResult(), scores);
}

void Emitter::emitClearUnkept(ClearUnkeptOp op) {
  // Each warp writes which columns its rows keep (8 words: 4 lanes x 2), all meet, then every
  // thread zeroes the value rows it is responsible for that no warp keeps.
  Registers kept = held.at(op.getKept());
  auto values = op.getValues().getType();
  int64_t rows = values.getRows(), consumers = kernel.getConsumers();
  Value words[2] = {i32(0), i32(0)};
  for (size_t i = 0; i < kept.size(); i += 4)
    for (int64_t c = 0; c < 2; ++c) {
      Value either = LLVM::OrOp::create(builder, kept[i + c], kept[i + 2 + c]);
      int64_t bit = i / 4 * 2 + c;
      Value flag = LLVM::SelectOp::create(builder, either, i32(int64_t(1) << bit % 32), i32(0));
      words[bit / 32] = LLVM::OrOp::create(builder, words[bit / 32], flag);
    }
  for (Value &word : words)
    for (int offset : {4, 8, 16})
      word = LLVM::OrOp::create(builder, word, butterfly(word, offset));
  Value consumerThread = add(thread, -128);
  Value warp = LLVM::LShrOp::create(builder, consumerThread, i32(5));
  ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, lane, i32(4)), [&] {
    for (int64_t word = 0; word < 2; ++word) {
      Value at = add(add(multiply(warp, 32), multiply(lane, 8)), keptBits + 4 * word);
      LLVM::StoreOp::create(builder, words[word], sharedAt(at));
    }
  });
  Value group = i32(1), members = i32(128 * consumers);
  emitNamedBarrier(group, members);
  Value zero = LLVM::ConstantOp::create(
      builder, VectorType::get({4}, builder.getI32Type()),
      DenseElementsAttr::get(VectorType::get({4}, builder.getI32Type()), APInt(32, 0)));
  for (int64_t first = 0; first < rows; first += 128 * consumers) {
    Value row = add(consumerThread, first);
    ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, row, i32(rows)), [&] {
      // Column c is bit 2 (c / 8) + c mod 2 of lane (c mod 8) / 2.
      Value lowThree = LLVM::AndOp::create(builder, row, i32(7));
      Value bit = add(multiply(LLVM::LShrOp::create(builder, row, i32(3)), 2),
                      LLVM::AndOp::create(builder, row, i32(1)));
      Value at = add(multiply(LLVM::LShrOp::create(builder, lowThree, i32(1)), 8),
                     multiply(LLVM::LShrOp::create(builder, bit, i32(5)), 4));
      Value any;
      for (int64_t w = 0; w < 4 * consumers; ++w) {
        Value word = LLVM::LoadOp::create(builder, builder.getI32Type(),
                                          sharedAt(add(at, keptBits + 32 * w)));
        any = any ? Value(LLVM::OrOp::create(builder, any, word)) : word;
      }
      Value shifted =
          LLVM::LShrOp::create(builder, any, LLVM::AndOp::create(builder, bit, i32(31)));
      Value isKept = LLVM::AndOp::create(builder, shifted, i32(1));
      ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, isKept, i32(0)), [&] {
        Value base = add(one(op.getValues()), multiply(row, 128));
        for (int64_t panel = 0; panel < values.getPanels(); ++panel)
          for (int64_t sixteen = 0; sixteen < 8; ++sixteen)
            LLVM::StoreOp::create(builder, zero,
                                  sharedAt(add(base, panel * rows * 128 + 16 * sixteen)),
                                  /*alignment=*/16);
      });
    });
  }
  // The matrix ops read through the async proxy: make the zeros visible to it, then go on together.
  emitAsyncFence();
  emitNamedBarrier(group, members);
}

} // namespace halftone::hop
