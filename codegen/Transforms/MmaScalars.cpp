#include "codegen/Transforms/MmaScalars.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace halftone;

Value MmaScalars::constant(int64_t value, unsigned width) {
  return arith::ConstantOp::create(*this, getIntegerAttr(getIntegerType(width), value));
}
Value MmaScalars::real(float value) {
  return arith::ConstantOp::create(*this, getF32FloatAttr(value));
}
Value MmaScalars::add(Value a, Value b) { return arith::AddIOp::create(*this, a, b); }
Value MmaScalars::add(Value a, int64_t b) { return b ? add(a, constant(b)) : a; }
Value MmaScalars::multiply(Value a, int64_t b) {
  return arith::MulIOp::create(*this, a, constant(b, a.getType().getIntOrFloatBitWidth()));
}
Value MmaScalars::bitAnd(Value a, int64_t b) {
  return arith::AndIOp::create(*this, a, constant(b));
}
Value MmaScalars::bitXor(Value a, Value b) { return arith::XOrIOp::create(*this, a, b); }
Value MmaScalars::shiftRight(Value a, int64_t b) {
  return b ? arith::ShRUIOp::create(*this, a, constant(b)) : a;
}
Value MmaScalars::less(Value a, Value b) {
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::slt, a, b);
}
Value MmaScalars::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(*this, condition, a, b);
}
Value MmaScalars::widen(Value a) { return arith::ExtUIOp::create(*this, getI64Type(), a); }

Value MmaScalars::thread() { return NVVM::ThreadIdXOp::create(*this, getI32Type()); }
Value MmaScalars::lane() { return bitAnd(thread(), 31); }
Value MmaScalars::rowOfLane() { return shiftRight(lane(), 2); }
Value MmaScalars::pairOfLane() { return multiply(bitAnd(lane(), 3), 2); }

Value MmaScalars::swizzle(Value row, mma::SharedType tile) {
  return bitAnd(shiftRight(row, tile.getSwizzleShift()), tile.getSwizzleMask());
}

Value MmaScalars::advance(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(*this, pointer.getType(), getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{bytes});
}
Value MmaScalars::advance(Value pointer, int64_t bytes) {
  if (!bytes)
    return pointer;
  return LLVM::GEPOp::create(*this, pointer.getType(), getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
}
Value MmaScalars::sharedPointer(Value address) {
  return LLVM::IntToPtrOp::create(*this, LLVM::LLVMPointerType::get(getContext(), 3), address);
}

SmallVector<Value> MmaScalars::assembly(StringRef text, StringRef constraints, ValueRange operands,
                                        TypeRange results) {
  Type type;
  if (results.size() == 1)
    type = results.front();
  else if (results.size() > 1)
    type = LLVM::LLVMStructType::getLiteral(getContext(), SmallVector<Type>(results));
  auto op = LLVM::InlineAsmOp::create(
      *this, type ? TypeRange(type) : TypeRange(), operands, text, constraints,
      /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::TailCallKind::None,
      /*asm_dialect=*/LLVM::AsmDialectAttr(), /*operand_attrs=*/ArrayAttr());
  if (results.size() <= 1)
    return SmallVector<Value>(op->getResults());
  SmallVector<Value> values;
  for (unsigned index = 0; index < results.size(); ++index)
    values.push_back(LLVM::ExtractValueOp::create(*this, op.getRes(), index));
  return values;
}
