// Arithmetic on fragments.
#include "codegen/Transforms/HopToNvvm/Emitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

#include <cmath>

using namespace mlir;

namespace halftone::hop {

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

Registers Emitter::maximaOf(const Registers &scores, Registers maximum) {
  for (auto [index, score] : llvm::enumerate(scores)) {
    Value &row = maximum[rowOf(index)];
    row = LLVM::MaxNumOp::create(builder, row, score);
  }
  for (Value &row : maximum)
    for (int offset : {2, 1})
      row = LLVM::MaxNumOp::create(builder, row, butterfly(row, offset));
  return maximum;
}

/// The weights of scores below a maximum; they are added to the sums.
Registers Emitter::weigh(const Registers &scores, const Registers &maximum, Value scale,
                         Registers &sum) {
  Registers weights, shift(2);
  for (int row = 0; row < 2; ++row)
    shift[row] = LLVM::FNegOp::create(builder, fmul(builder, maximum[row], scale));
  for (auto [index, score] : llvm::enumerate(scores)) {
    int64_t row = rowOf(index);
    weights.push_back(exp2(LLVM::FMAOp::create(builder, score, scale, shift[row])));
    sum[row] = fadd(builder, sum[row], weights.back());
  }
  return weights;
}

void Emitter::emitSoftmaxStep(SoftmaxStepOp op) {
  Registers scores = held.at(op.getScores()), before = held.at(op.getMaximum()),
            sum = held.at(op.getSum());
  Value scale = one(op.getScale());
  Registers maximum = maximaOf(scores, before), correction(2);
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
  }
  give(op.getWeights(), weigh(scores, maximum, scale, sum));
  give(op.getNewMaximum(), maximum);
  give(op.getNewSum(), sum);
  give(op.getCorrection(), correction);
}

/// The weights follow from the vote: else ptxas would compute most of them ahead of the branch,
/// beside all that it reads.
void Emitter::emitSoftmaxUpdate(SoftmaxUpdateOp op) {
  Registers scores = held.at(op.getScores()), before = held.at(op.getMaximum()),
            sum = held.at(op.getSum()), values = held.at(op.getAccumulator());
  Value scale = one(op.getScale()), any;
  Registers maximum = maximaOf(scores, before), growth(2);
  for (int row = 0; row < 2; ++row) {
    growth[row] = fmul(builder, fsub(builder, maximum[row], before[row]), scale);
    Value needed = LLVM::FCmpOp::create(builder, LLVM::FCmpPredicate::ogt, growth[row], f32(8));
    any = any ? Value(LLVM::OrOp::create(builder, any, needed)) : needed;
  }
  any = NVVM::VoteSyncOp::create(builder, builder.getI1Type(), fullMask, any,
                                 NVVM::VoteSyncKind::any);
  Registers unchanged = before;
  unchanged.append(sum);
  unchanged.append(values);
  auto branch = scf::IfOp::create(builder, ValueRange(unchanged).getTypes(), any, true, true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    Registers changed = maximum, correction(2);
    for (int row = 0; row < 2; ++row) {
      correction[row] = exp2(LLVM::FNegOp::create(builder, growth[row]));
      changed.push_back(fmul(builder, sum[row], correction[row]));
    }
    for (auto [index, value] : llvm::enumerate(values))
      changed.push_back(fmul(builder, value, correction[rowOf(index)]));
    scf::YieldOp::create(builder, changed);
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, unchanged);
  }
  Registers result(branch.getResults());
  maximum.assign(result.begin(), result.begin() + 2);
  sum.assign(result.begin() + 2, result.begin() + 4);
  give(op.getWeights(), weigh(scores, maximum, scale, sum));
  give(op.getNewMaximum(), maximum);
  give(op.getNewSum(), sum);
  give(op.getNewAccumulator(), Registers(result.begin() + 4, result.end()));
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

} // namespace halftone::hop
