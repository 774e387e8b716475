// The online softmax, row by row over vectors of keys.
#include "codegen/Transforms/HtToVector/TileRoutines.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace halftone {

static constexpr double minusInfinity = -std::numeric_limits<double>::infinity();

/// c * maximum, where a maximum of -infinity (no key kept yet) counts as 0.
static Value scaledMaximum(VectorEmitter &emit, Value scale, Value maximum) {
  Type type = maximum.getType();
  Value isEmpty = arith::CmpFOp::create(emit.builder, arith::CmpFPredicate::OEQ, maximum,
                                        emit.real(type, minusInfinity));
  return arith::SelectOp::create(emit.builder, isEmpty, emit.real(type, 0.0),
                                 emit.multiply(scale, maximum));
}

/// The scale where it is positive. Where it is not, a dropped score of -infinity times the scale
/// would not be one, so the scores are scaled ahead and what is left is 1.
static Value remainingScale(VectorEmitter &emit, Value scale) {
  Value isPositive = arith::CmpFOp::create(emit.builder, arith::CmpFPredicate::OGT, scale,
                                           emit.real(emit.f32(), 0.0));
  return arith::SelectOp::create(emit.builder, isPositive, scale, emit.real(emit.f32(), 1.0));
}

/// Scales all scores but -infinity if `scale` is not positive.
static void scaleAhead(VectorEmitter &emit, Value tile, TileBuffer scores, Value scale) {
  ImplicitLocOpBuilder &builder = emit.builder;
  Value isNeeded =
      arith::CmpFOp::create(builder, arith::CmpFPredicate::ULE, scale, emit.real(emit.f32(), 0.0));
  auto ifOp = scf::IfOp::create(builder, isNeeded, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(ifOp.thenBlock());
  Value scales = emit.broadcast(scale);
  Value dropped = emit.real(scales.getType(), minusInfinity);
  emit.loop(0, scores.rows * scores.stride, emit.width, [&](Value position) {
    Value address = emit.at(tile, emit.f32(), position);
    Value loaded = emit.load(scales.getType(), address);
    Value isDropped = arith::CmpFOp::create(builder, arith::CmpFPredicate::OEQ, loaded, dropped);
    emit.store(arith::SelectOp::create(builder, isDropped, dropped, emit.multiply(loaded, scales)),
               address);
  });
}

/// The largest score of a row.
static Value rowMaximum(VectorEmitter &emit, Value row, int64_t columns) {
  Type vector = emit.vectorOf(emit.f32());
  Value first = emit.load(vector, row);
  Value largest = first;
  if (columns > emit.width)
    largest = emit.loop(emit.integer(emit.width), emit.integer(columns), emit.width, {first},
                        [&](Value column, ValueRange carried) -> SmallVector<Value> {
                          Value scores = emit.load(vector, emit.at(row, emit.f32(), column));
                          return {emit.larger(carried[0], scores)};
                        })[0];
  return emit.combineLanes(largest, [&](Value a, Value b) { return emit.larger(a, b); });
}

/// Scores become weights; returns their sum.
static Value rowWeights(VectorEmitter &emit, Value row, int64_t columns, Value scale,
                        Value scaledMaximum) {
  Type vector = emit.vectorOf(emit.f32());
  Value scales = emit.broadcast(scale);
  Value offset = emit.broadcast(arith::NegFOp::create(emit.builder, scaledMaximum));
  Value sum =
      emit.loop(emit.integer(0), emit.integer(columns), emit.width, {emit.real(vector, 0.0)},
                [&](Value column, ValueRange carried) -> SmallVector<Value> {
                  Value address = emit.at(row, emit.f32(), column);
                  Value exponent = LLVM::FMulAddOp::create(emit.builder, scales,
                                                           emit.load(vector, address), offset);
                  Value weights = emit.exp2(exponent);
                  emit.store(weights, address);
                  return {emit.add(carried[0], weights)};
                })[0];
  return emit.combineLanes(sum, [&](Value a, Value b) { return emit.add(a, b); });
}

func::FuncOp TileRoutines::softmaxStep(TileBuffer scores) {
  Type real = Float32Type::get(module.getContext());
  std::string name =
      "softmax_step_" + std::to_string(scores.rows) + "x" + std::to_string(scores.columns);
  return define(
      name, {pointer(), pointer(), pointer(), pointer(), pointer(), real},
      [&](VectorEmitter &emit, ValueRange arguments) {
        Value tile = arguments[1], maximum = arguments[2], sum = arguments[3];
        Value correction = arguments[4];
        scaleAhead(emit, tile, scores, arguments[5]);
        Value scale = remainingScale(emit, arguments[5]);
        Type vector = emit.vectorOf(emit.f32());
        auto rowAt = [&](Value row) {
          return emit.at(tile, emit.f32(), emit.multiply(row, emit.integer(scores.stride)));
        };
        // Row maxima first, then everything that is one number a row, many rows at a time.
        emit.loop(0, scores.rows, 1, [&](Value row) {
          emit.store(rowMaximum(emit, rowAt(row), scores.columns),
                     emit.at(correction, emit.f32(), row));
        });
        Value scales = emit.broadcast(scale);
        emit.loop(0, scores.rows, width, [&](Value row) {
          Value maximumAddress = emit.at(maximum, emit.f32(), row);
          Value correctionAddress = emit.at(correction, emit.f32(), row);
          Value sumAddress = emit.at(sum, emit.f32(), row);
          Value before = emit.load(vector, maximumAddress);
          Value after = emit.larger(before, emit.load(vector, correctionAddress));
          Value shift = scaledMaximum(emit, scales, after);
          Value factor =
              emit.exp2(arith::SubFOp::create(emit.builder, emit.multiply(scales, before), shift));
          emit.store(after, maximumAddress);
          emit.store(factor, correctionAddress);
          emit.store(emit.multiply(emit.load(vector, sumAddress), factor), sumAddress);
        });
        emit.loop(0, scores.rows, 1, [&](Value row) {
          Value largest = emit.load(emit.f32(), emit.at(maximum, emit.f32(), row));
          Value added = rowWeights(emit, rowAt(row), scores.columns, scale,
                                   scaledMaximum(emit, scale, largest));
          Value address = emit.at(sum, emit.f32(), row);
          emit.store(emit.add(emit.load(emit.f32(), address), added), address);
        });
      });
}

func::FuncOp TileRoutines::softmaxEnd(TileBuffer accumulator) {
  Type real = Float32Type::get(module.getContext());
  std::string name =
      "softmax_end_" + std::to_string(accumulator.rows) + "x" + std::to_string(accumulator.columns);
  return define(
      name, {pointer(), pointer(), pointer(), pointer(), real},
      [&](VectorEmitter &emit, ValueRange arguments) {
        Value maximum = arguments[2], sum = arguments[3];
        Type vector = emit.vectorOf(emit.f32());
        Value zeros = emit.real(vector, 0.0);
        Value scale = emit.broadcast(
            emit.multiply(remainingScale(emit, arguments[4]), emit.real(emit.f32(), M_LN2)));
        emit.loop(0, accumulator.rows, width, [&](Value row) {
          Value sumAddress = emit.at(sum, emit.f32(), row);
          Value sums = emit.load(vector, sumAddress);
          Value isEmpty =
              arith::CmpFOp::create(emit.builder, arith::CmpFPredicate::OEQ, sums, zeros);
          Value inverse = arith::DivFOp::create(emit.builder, emit.real(vector, 1.0), sums);
          emit.store(arith::SelectOp::create(emit.builder, isEmpty, zeros, inverse), sumAddress);
          Value maximumAddress = emit.at(maximum, emit.f32(), row);
          Value logarithm =
              LLVM::FMulAddOp::create(emit.builder, scale, emit.load(vector, maximumAddress),
                                      math::LogOp::create(emit.builder, sums));
          emit.store(arith::SelectOp::create(emit.builder, isEmpty,
                                             emit.real(vector, minusInfinity), logarithm),
                     maximumAddress);
        });
        emit.loop(0, accumulator.rows, 1, [&](Value row) {
          Value factor = emit.broadcast(emit.load(emit.f32(), emit.at(sum, emit.f32(), row)));
          Value start = emit.at(arguments[1], emit.f32(),
                                emit.multiply(row, emit.integer(accumulator.stride)));
          emit.loop(0, accumulator.columns, width, [&](Value column) {
            Value address = emit.at(start, emit.f32(), column);
            emit.store(emit.multiply(emit.load(vector, address), factor), address);
          });
        });
      });
}

} // namespace halftone
