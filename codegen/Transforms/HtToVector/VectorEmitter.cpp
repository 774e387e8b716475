#include "codegen/Transforms/HtToVector/VectorEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace halftone {

Value VectorEmitter::integer(int64_t value) { return constant(i64(), value); }

Value VectorEmitter::constant(Type type, int64_t value) {
  TypedAttr attribute = builder.getIntegerAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return arith::ConstantOp::create(builder, attribute);
}

Value VectorEmitter::real(Type type, double value) {
  TypedAttr attribute = builder.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return arith::ConstantOp::create(builder, attribute);
}

Value VectorEmitter::broadcast(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(builder, vectorOf(scalar.getType(), lanes), scalar);
}

Value VectorEmitter::add(Value a, Value b) {
  if (isa<FloatType>(getElementTypeOrSelf(a)))
    return arith::AddFOp::create(builder, a, b);
  return arith::AddIOp::create(builder, a, b);
}

Value VectorEmitter::multiply(Value a, Value b) {
  if (isa<FloatType>(getElementTypeOrSelf(a)))
    return arith::MulFOp::create(builder, a, b);
  return arith::MulIOp::create(builder, a, b);
}

Value VectorEmitter::toI64(Value unsignedI32) {
  return arith::ExtUIOp::create(builder, i64(), unsignedI32);
}

Value VectorEmitter::shuffle(Value a, Value b, ArrayRef<int64_t> lanes) {
  return vector::ShuffleOp::create(builder, a, b, lanes);
}

Value VectorEmitter::at(Value pointer, Type element, Value elements) {
  return LLVM::GEPOp::create(builder, pointerType(), element, pointer,
                             ArrayRef<LLVM::GEPArg>{elements});
}

Value VectorEmitter::at(Value pointer, Type element, int64_t elements) {
  if (elements == 0)
    return pointer;
  return LLVM::GEPOp::create(builder, pointerType(), element, pointer,
                             ArrayRef<LLVM::GEPArg>{int32_t(elements)});
}

static unsigned alignmentOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isIntOrFloat() ? element.getIntOrFloatBitWidth() / 8 : 8;
}

Value VectorEmitter::load(Type type, Value pointer) {
  return LLVM::LoadOp::create(builder, type, pointer, alignmentOf(type));
}

void VectorEmitter::store(Value value, Value pointer) {
  LLVM::StoreOp::create(builder, value, pointer, alignmentOf(value.getType()));
}

void VectorEmitter::loop(int64_t begin, int64_t end, int64_t step, Body body) {
  if (end - begin == step)
    return body(integer(begin));
  if (begin < end)
    loop(integer(begin), integer(end), step, body);
}

void VectorEmitter::loop(Value begin, Value end, int64_t step, Body body) {
  loop(begin, end, step, ValueRange(), [&](Value position, ValueRange) {
    body(position);
    return SmallVector<Value>();
  });
}

SmallVector<Value> VectorEmitter::loop(Value begin, Value end, int64_t step, ValueRange init,
                                       CarryingBody body) {
  auto forOp = scf::ForOp::create(builder, begin, end, integer(step), init);
  OpBuilder::InsertionGuard guard(builder);
  if (init.empty())
    forOp.getBody()->getTerminator()->erase();
  builder.setInsertionPointToEnd(forOp.getBody());
  SmallVector<Value> results = body(forOp.getInductionVar(), forOp.getRegionIterArgs());
  scf::YieldOp::create(builder, results);
  return SmallVector<Value>(forOp.getResults());
}

Value VectorEmitter::choose(Value condition, Value yes, function_ref<Value()> no) {
  auto ifOp = scf::IfOp::create(builder, yes.getType(), condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(ifOp.thenBlock());
  scf::YieldOp::create(builder, yes);
  builder.setInsertionPointToStart(ifOp.elseBlock());
  scf::YieldOp::create(builder, no());
  return ifOp.getResult(0);
}

Value VectorEmitter::larger(Value running, Value candidate) {
  Value isLess = arith::CmpFOp::create(builder, arith::CmpFPredicate::OLT, running, candidate);
  return arith::SelectOp::create(builder, isLess, candidate, running);
}

Value VectorEmitter::combineLanes(Value vector, function_ref<Value(Value, Value)> combine) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  for (; lanes > 1; lanes /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < lanes / 2; ++lane) {
      low.push_back(lane);
      high.push_back(lane + lanes / 2);
    }
    vector = combine(shuffle(vector, vector, low), shuffle(vector, vector, high));
  }
  return vector::ExtractOp::create(builder, vector, 0);
}

Value VectorEmitter::exp2(Value x) {
  // 2^x = 2^n * 2^f with n the nearest integer and |f| <= 1/2. Adding 1.5 * 2^23 leaves n in the
  // low bits of the sum; shifted, it is added to the exponent of the polynomial's value. At x =
  // -127 that value is 1 and the sum of exponents 0, so the result is +0.
  constexpr double shifter = 12582912.0;
  // Weighted least squares at Chebyshev nodes of (2^f - 1) / f, rounded to f32.
  constexpr double coefficients[] = {0.0001535335904918611,
                                     0.0013398875016719103,
                                     0.00961843691766262,
                                     0.055503323674201965,
                                     0.24022647738456726,
                                     0.6931471824645996,
                                     1.0};
  Type type = x.getType();
  Type integers = i32();
  if (auto vector = dyn_cast<VectorType>(type))
    integers = vectorOf(i32(), vector.getNumElements());

  x = larger(x, real(type, -127.0));
  Value shifted = add(x, real(type, shifter));
  Value whole = arith::SubFOp::create(builder, shifted, real(type, shifter));
  Value fraction = arith::SubFOp::create(builder, x, whole);
  Value power = real(type, coefficients[0]);
  for (double coefficient : ArrayRef(coefficients).drop_front())
    power = LLVM::FMulAddOp::create(builder, power, fraction, real(type, coefficient));
  Value exponent = arith::ShLIOp::create(
      builder, arith::BitcastOp::create(builder, integers, shifted), constant(integers, 23));
  Value bits = add(arith::BitcastOp::create(builder, integers, power), exponent);
  return arith::BitcastOp::create(builder, type, bits);
}

Value VectorEmitter::loadAsF32(Type element, Value pointer, int64_t lanes) {
  if (element.isF32())
    return load(vectorOf(element, lanes), pointer);
  if (element.isF16())
    return arith::ExtFOp::create(builder, vectorOf(f32(), lanes),
                                 load(vectorOf(element, lanes), pointer));
  Type integers = vectorOf(i32(), lanes);
  Value bits = arith::ExtUIOp::create(builder, integers,
                                      load(vectorOf(builder.getI16Type(), lanes), pointer));
  bits = arith::ShLIOp::create(builder, bits, constant(integers, 16));
  return arith::BitcastOp::create(builder, vectorOf(f32(), lanes), bits);
}

void VectorEmitter::storeFromF32(Type element, Value vector, Value pointer) {
  if (element.isF32())
    return store(vector, pointer);
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  if (element.isF16())
    return store(arith::TruncFOp::create(builder, vectorOf(element, lanes), vector), pointer);
  // Without AVX512-BF16 a truncation to bf16 is a call for every lane, so round the bits.
  Type integers = vectorOf(i32(), lanes);
  Value bits = arith::BitcastOp::create(builder, integers, vector);
  Value sixteen = constant(integers, 16);
  Value odd = arith::AndIOp::create(builder, arith::ShRUIOp::create(builder, bits, sixteen),
                                    constant(integers, 1));
  Value rounded = add(bits, add(odd, constant(integers, 0x7fff)));
  Value isNan = arith::CmpFOp::create(builder, arith::CmpFPredicate::UNO, vector, vector);
  rounded = arith::SelectOp::create(builder, isNan, constant(integers, 0x7fc00000), rounded);
  rounded = arith::ShRUIOp::create(builder, rounded, sixteen);
  store(arith::TruncIOp::create(builder, vectorOf(builder.getI16Type(), lanes), rounded), pointer);
}

} // namespace halftone
