// Scalar operations of a mask or score, done on vectors of keys.
#include "codegen/Transforms/HtToVector/LiftedOperations.h"

#include "codegen/ArgumentLayout.h"
#include "codegen/Dialect/Ht/HtDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace halftone {

bool isLiftable(Operation &op) {
  if (isa<ht::TableOp, ht::BlockKeptOp>(op))
    return true;
  return op.getNumResults() == 1 && op.getNumRegions() == 0 &&
         op.hasTrait<OpTrait::Elementwise>() && !isa<IndexType>(op.getResult(0).getType());
}

/// tables[offset + index], lane by lane.
static Value liftTable(VectorEmitter &emit, ht::TableOp op, ValueRange operands, Value arguments) {
  ImplicitLocOpBuilder &builder = emit.builder;
  Type wide = emit.vectorOf(emit.i64());
  auto widened = [&](Value value) {
    return getElementTypeOrSelf(value) == emit.i64()
               ? value
               : Value(arith::ExtSIOp::create(builder, wide, value));
  };
  Value position = emit.add(widened(operands[0]), widened(operands[1]));
  Value tables =
      emit.load(emit.pointerType(), emit.at(arguments, builder.getI8Type(), layout::tables));
  Value addresses = LLVM::GEPOp::create(builder, emit.vectorOf(emit.pointerType()), emit.i32(),
                                        tables, ArrayRef<LLVM::GEPArg>{position});
  Value every = emit.constant(emit.vectorOf(emit.i1()), 1);
  Type loaded = emit.vectorOf(emit.i32());
  Value values = LLVM::masked_gather::create(builder, loaded, addresses, every,
                                             ValueRange{emit.constant(loaded, 0)},
                                             builder.getI32IntegerAttr(4));
  if (op.getValue().getType() == emit.i64())
    return arith::ExtSIOp::create(builder, wide, values);
  return values;
}

/// Lane by lane, searching again only where a lane's blocks differ from the one before: a vector of
/// keys lies in one block, or two.
static Value liftBlockKept(VectorEmitter &emit, ht::BlockKeptOp op, ValueRange operands) {
  ImplicitLocOpBuilder &builder = emit.builder;
  auto lane = [&](Value vector, Value position) {
    return vector::ExtractOp::create(builder, vector, OpFoldResult(position)).getResult();
  };
  Type index = builder.getIndexType();
  auto search = [&](Value position) -> Value {
    return ht::BlockKeptOp::create(builder, emit.i1(), lane(operands[0], position),
                                   lane(operands[1], position), lane(operands[2], position));
  };
  auto sameAs = [&](Value vector, Value before, Value position) {
    return arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, lane(vector, position),
                                 lane(vector, before));
  };
  Value zero = arith::ConstantIndexOp::create(builder, 0);
  Value first = search(zero);
  Value kept = emit.broadcast(first);
  return emit.loop(
      emit.integer(1), emit.integer(emit.width), 1, {kept, first},
      [&](Value number, ValueRange carried) -> SmallVector<Value> {
        Value position = arith::IndexCastOp::create(builder, index, number);
        Value one = arith::ConstantIndexOp::create(builder, 1);
        Value before = arith::SubIOp::create(builder, position, one);
        Value isSame = arith::AndIOp::create(builder, sameAs(operands[1], before, position),
                                             sameAs(operands[2], before, position));
        Value answer = emit.choose(isSame, carried[1], [&] { return search(position); });
        Value updated =
            vector::InsertOp::create(builder, answer, carried[0], OpFoldResult(position));
        return {updated, answer};
      })[0];
}

/// i32 as f64, exactly.
static Value toDouble(VectorEmitter &emit, Value integers, bool isSigned) {
  ImplicitLocOpBuilder &builder = emit.builder;
  Type doubles = emit.vectorOf(builder.getF64Type());
  if (isSigned)
    return arith::SIToFPOp::create(builder, doubles, integers);
  // 2^52 + n, then less 2^52: AVX2 has no conversion from unsigned.
  Type wide = emit.vectorOf(emit.i64());
  constexpr int64_t twoTo52 = 0x4330000000000000;
  Value bits = arith::OrIOp::create(builder, arith::ExtUIOp::create(builder, wide, integers),
                                    emit.constant(wide, twoTo52));
  return arith::SubFOp::create(builder, arith::BitcastOp::create(builder, doubles, bits),
                               emit.real(doubles, 4503599627370496.0));
}

/// Integer division by way of f64. There is no vector instruction for the division of integers, and
/// an f64 quotient of two 32-bit integers never rounds up to the next integer: it would have to be
/// closer to it than 2^-31 of its size.
static Value liftDivision(VectorEmitter &emit, ValueRange operands, bool isSigned,
                          bool wantRemainder) {
  ImplicitLocOpBuilder &builder = emit.builder;
  Type integers = operands[0].getType();
  Type doubles = emit.vectorOf(builder.getF64Type());
  Value quotient = arith::DivFOp::create(builder, toDouble(emit, operands[0], isSigned),
                                         toDouble(emit, operands[1], isSigned));
  Value whole;
  if (isSigned) {
    whole = arith::FPToSIOp::create(builder, integers, quotient);
  } else {
    // Truncated, then added to 2^52: the low half of the sum's bits is the integer.
    Type wide = emit.vectorOf(emit.i64());
    Value truncated = math::TruncOp::create(builder, quotient);
    Value sum = arith::AddFOp::create(builder, truncated, emit.real(doubles, 4503599627370496.0));
    whole =
        arith::TruncIOp::create(builder, integers, arith::BitcastOp::create(builder, wide, sum));
  }
  if (!wantRemainder)
    return whole;
  return arith::SubIOp::create(builder, operands[0], emit.multiply(whole, operands[1]));
}

Value liftOperation(VectorEmitter &emit, Operation &op, ValueRange operands, Value arguments) {
  if (auto table = dyn_cast<ht::TableOp>(op))
    return liftTable(emit, table, operands, arguments);
  if (auto blockKept = dyn_cast<ht::BlockKeptOp>(op))
    return liftBlockKept(emit, blockKept, operands);
  if (op.getResult(0).getType() == emit.i32()) {
    if (isa<arith::DivSIOp, arith::DivUIOp>(op))
      return liftDivision(emit, operands, isa<arith::DivSIOp>(op), /*wantRemainder=*/false);
    if (isa<arith::RemSIOp, arith::RemUIOp>(op))
      return liftDivision(emit, operands, isa<arith::RemSIOp>(op), /*wantRemainder=*/true);
  }
  Operation *copy = emit.builder.clone(op);
  copy->setOperands(operands);
  copy->getResult(0).setType(emit.vectorOf(op.getResult(0).getType()));
  return copy->getResult(0);
}

} // namespace halftone
