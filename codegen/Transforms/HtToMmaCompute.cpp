// What a warp computes of its rows: products, scores, masks and the online softmax.
#include "codegen/Transforms/HtToMma.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>
#include <numbers>

using namespace mlir;

namespace halftone {

static constexpr float infinity = std::numeric_limits<float>::infinity();
static constexpr auto contract = arith::FastMathFlags::contract;

/// A warp's part of a tile. Weights, of the problem's element type in ht, are f32 until they are an
/// operand.
Type KernelToMma::typeOf(ht::TileType tile) {
  int64_t rows = tile.getRows() / warps;
  if (!tile.isMatrix())
    return mma::RowsType::get(builder.getContext(), rows);
  Type element = tile.getElement();
  if (!element.isInteger(1))
    element = builder.getF32Type();
  return mma::FragmentType::get(builder.getContext(), rows, tile.getColumns(), element,
                                mma::Role::Accumulator);
}

Value KernelToMma::ownRow(Value row) {
  return arith::AddIOp::create(builder, row,
                               arith::MulIOp::create(builder, warp, integer(tileQ / warps)));
}

ResultRange KernelToMma::map(TypeRange results, ValueRange inputs, ValueRange at, MapBody body) {
  auto op = mma::MapOp::create(builder, results, inputs, at);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&op.getBody().front());
  mma::YieldOp::create(builder, body(op.getBody().getArguments()));
  return op.getResults();
}

Value KernelToMma::map(Type result, ValueRange inputs, MapBody body) {
  return map(TypeRange(result), inputs, ValueRange(), body).front();
}

LogicalResult KernelToMma::lowerProduct(ht::ProductOp product) {
  MLIRContext *context = builder.getContext();
  Type element = kernel.getElement();
  auto result = cast<mma::FragmentType>(typeOf(product.getResult().getType()));
  auto leftType = mma::FragmentType::get(context, result.getRows(), 16, element, mma::Role::Left);
  auto rightType =
      mma::FragmentType::get(context, 16, result.getColumns(), element, mma::Role::Right);
  auto right = operandOf.find(product.getB());
  if (right == operandOf.end())
    return product.emitOpError() << "multiplies by a tile that ht.load_tile did not make";
  Value sum = product.getInto()
                  ? mapped(product.getInto())
                  : mma::FillOp::create(builder, result, builder.getF32FloatAttr(0)).getResult();
  auto left = operandOf.find(product.getA());
  bool leftShared = left != operandOf.end();
  Value leftTile = leftShared ? sharedTile(left->second) : Value();
  Value leftRow = leftShared ? ownRow(integer(0)) : Value();
  Value rightTile = sharedTile(right->second);
  Value columns = columnsOf.lookup(product.getB());
  for (int64_t depth = 0; depth < product.getA().getType().getColumns(); depth += 16) {
    Value a =
        leftShared
            ? mma::LoadLeftOp::create(builder, leftType, leftTile, leftRow, uint32_t(depth))
                  .getResult()
            : mma::NarrowOp::create(builder, leftType, mapped(product.getA()), uint32_t(depth))
                  .getResult();
    Value b = mma::LoadRightOp::create(builder, rightType, rightTile, uint32_t(depth),
                                       product.getTransposeB());
    if (columns)
      b = mma::ClearRowsOp::create(builder, b.getType(), b, columns, uint32_t(depth));
    sum = mma::MultiplyOp::create(builder, sum.getType(), a, b, sum);
  }
  set(product, sum);
  // With one stage the keys' place is free now, and the values must have arrived before their turn.
  if (right->second == ht::Operand::Key && loop && !loop->slot) {
    waitForCopies();
    copyTile(ht::Operand::Key, loop->next, Value(), loop->partial);
    mma::CommitOp::create(builder);
  }
  return success();
}

void KernelToMma::lowerScore(ht::ScoreOp score) {
  Block &body = score.getBody().front();
  Value at[] = {ownRow(mapped(score.getQuery())), mapped(score.getKey())};
  Type type = typeOf(score.getResult().getType());
  set(score, map(TypeRange(type), mapped(score.getScores()), at, [&](ValueRange arguments) {
               mapping.map(body.getArgument(0), arguments[0]);
               mapping.map(body.getArgument(1), mapped(score.getBatch()));
               mapping.map(body.getArgument(2), mapped(score.getHead()));
               mapping.map(body.getArgument(3), arguments[1]);
               mapping.map(body.getArgument(4), arguments[2]);
               for (Operation &op : body.without_terminator())
                 builder.clone(op, mapping);
               return SmallVector<Value>{mapped(body.getTerminator()->getOperand(0))};
             }).front());
}

void KernelToMma::lowerSoftmaxStep(ht::SoftmaxStepOp step) {
  Value scores = mapped(step.getScores()), maximum = mapped(step.getMaximum());
  Value scale = mapped(step.getScale());
  Type rows = maximum.getType();
  Value newMaximum = mma::ReduceOp::create(builder, rows, mma::Reduction::Maximum, scores, maximum);
  newMaximum = mma::QuadReduceOp::create(builder, rows, mma::Reduction::Maximum, newMaximum);
  // -scale * newMaximum, or 0 for a row without a kept key: -infinity minus itself is no number.
  Value shift = map(rows, newMaximum, [&](ValueRange arguments) {
    Value none =
        arith::CmpFOp::create(builder, arith::CmpFPredicate::OEQ, arguments[0], real(-infinity));
    Value scaled = arith::MulFOp::create(builder, arguments[0], scale, contract);
    Value negative = arith::NegFOp::create(builder, scaled);
    return SmallVector<Value>{arith::SelectOp::create(builder, none, real(0), negative)};
  });
  auto power = [&](ValueRange arguments) {
    Value exponent = math::FmaOp::create(builder, arguments[0], scale, arguments[1]);
    return SmallVector<Value>{math::Exp2Op::create(builder, exponent)};
  };
  Value correction = map(rows, {maximum, shift}, power);
  Value weights = map(scores.getType(), {scores, shift}, power);
  auto product = [&](ValueRange arguments) {
    return SmallVector<Value>{arith::MulFOp::create(builder, arguments[0], arguments[1], contract)};
  };
  Value sum = map(rows, {mapped(step.getSum()), correction}, product);
  // Each lane sums its own columns; the four of a row are joined once, at the end.
  sum = mma::ReduceOp::create(builder, rows, mma::Reduction::Add, weights, sum);
  set(step.getWeights(), weights);
  set(step.getNewMaximum(), newMaximum);
  set(step.getNewSum(), sum);
  set(step.getCorrection(), correction);
}

void KernelToMma::lowerRescale(ht::RescaleOp rescale) {
  Value tile = mapped(rescale.getTile());
  set(rescale, map(tile.getType(), {tile, mapped(rescale.getFactors())}, [&](ValueRange arguments) {
        return SmallVector<Value>{
            arith::MulFOp::create(builder, arguments[0], arguments[1], contract)};
      }));
}

void KernelToMma::lowerSoftmaxEnd(ht::SoftmaxEndOp end) {
  Value accumulator = mapped(end.getAccumulator()), maximum = mapped(end.getMaximum());
  Value scale = mapped(end.getScale());
  Type rows = maximum.getType();
  Value sum = mma::QuadReduceOp::create(builder, rows, mma::Reduction::Add, mapped(end.getSum()));
  auto isEmpty = [&](Value sum) -> Value {
    return arith::CmpFOp::create(builder, arith::CmpFPredicate::OEQ, sum, real(0));
  };
  Value inverse = map(rows, sum, [&](ValueRange arguments) {
    return SmallVector<Value>{arith::DivFOp::create(builder, real(1), arguments[0])};
  });
  // A select, not a product by 0: another row's values may have left a NaN in the accumulator.
  Value output = map(accumulator.getType(), {accumulator, inverse, sum}, [&](ValueRange arguments) {
    Value scaled = arith::MulFOp::create(builder, arguments[0], arguments[1], contract);
    return SmallVector<Value>{
        arith::SelectOp::create(builder, isEmpty(arguments[2]), real(0), scaled)};
  });
  constexpr float ln2 = std::numbers::ln2_v<float>;
  Value lse = map(rows, {sum, maximum}, [&](ValueRange arguments) {
    Value logarithm = math::Log2Op::create(builder, arguments[0]);
    Value both = math::FmaOp::create(builder, arguments[1], scale, logarithm);
    Value natural = arith::MulFOp::create(builder, both, real(ln2), contract);
    return SmallVector<Value>{
        arith::SelectOp::create(builder, isEmpty(arguments[0]), real(-infinity), natural)};
  });
  set(end.getOutput(), output);
  set(end.getLse(), lse);
}

} // namespace halftone
