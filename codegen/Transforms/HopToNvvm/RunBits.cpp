#include "codegen/Transforms/HopToNvvm/RunBits.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace halftone::hop {

using arith::CmpIPredicate;

namespace {

/// What holds of (b, a) where `predicate` holds of (a, b).
CmpIPredicate swapped(CmpIPredicate predicate) {
  switch (predicate) {
  case CmpIPredicate::slt:
    return CmpIPredicate::sgt;
  case CmpIPredicate::sle:
    return CmpIPredicate::sge;
  case CmpIPredicate::sgt:
    return CmpIPredicate::slt;
  case CmpIPredicate::sge:
    return CmpIPredicate::sle;
  default:
    return predicate;
  }
}

Value pureAssembly(ImplicitLocOpBuilder &builder, StringRef text, StringRef constraints,
                   ValueRange operands) {
  return LLVM::InlineAsmOp::create(
             builder, TypeRange{builder.getI32Type()}, operands, text, constraints,
             /*has_side_effects=*/false, /*is_align_stack=*/false, LLVM::TailCallKind::None,
             LLVM::AsmDialectAttr::get(builder.getContext(), LLVM::AsmDialect::AD_ATT), ArrayAttr())
      .getResult(0);
}

} // namespace

Value lowBits(ImplicitLocOpBuilder &builder, Value count) {
  return pureAssembly(builder, "bmsk.clamp.b32 $0, 0, $1;", "=r,r", count);
}

Value shiftUp(ImplicitLocOpBuilder &builder, Value bits, Value count) {
  return pureAssembly(builder, "shl.b32 $0, $1, $2;", "=r,r,r", {bits, count});
}

Value RunBits::constant(int64_t value) {
  return LLVM::ConstantOp::create(builder, builder.getI32Type(), builder.getI32IntegerAttr(value));
}

Value RunBits::opposite(Value bits) { return LLVM::XOrOp::create(builder, bits, constant(-1)); }

Value RunBits::of(Region &mask) {
  for (Operation &op : mask.front().without_terminator()) {
    if (analysis.of(op.getResult(0)).form != OverRun::Form::Varying)
      continue;
    Value bits;
    if (auto comparison = dyn_cast<arith::CmpIOp>(op)) {
      bits = compare(comparison);
    } else if (auto select = dyn_cast<arith::SelectOp>(op)) {
      Value condition = word(select.getCondition());
      bits = LLVM::OrOp::create(
          builder, LLVM::AndOp::create(builder, condition, word(select.getTrueValue())),
          LLVM::AndOp::create(builder, opposite(condition), word(select.getFalseValue())));
    } else {
      Value a = word(op.getOperand(0)), b = word(op.getOperand(1));
      bits = isa<arith::AndIOp>(op)  ? Value(LLVM::AndOp::create(builder, a, b))
             : isa<arith::OrIOp>(op) ? Value(LLVM::OrOp::create(builder, a, b))
                                     : Value(LLVM::XOrOp::create(builder, a, b));
    }
    words[op.getResult(0)] = bits;
  }
  return word(mask.front().getTerminator()->getOperand(0));
}

Value RunBits::word(Value condition) {
  if (auto found = words.find(condition); found != words.end())
    return found->second;
  return LLVM::SelectOp::create(builder, valueOf(condition), constant(-1), constant(0));
}

Value RunBits::compare(arith::CmpIOp op) {
  bool isLeft = analysis.of(op.getLhs()).form == OverRun::Form::Linear;
  Value linear = isLeft ? op.getLhs() : op.getRhs();
  Value limit = valueOf(isLeft ? op.getRhs() : op.getLhs());
  OverRun form = analysis.of(linear);
  auto less = [&](bool orEqual) { return below(form, valueOf(linear), limit, orEqual); };
  switch (isLeft ? op.getPredicate() : swapped(op.getPredicate())) {
  case CmpIPredicate::slt:
    return less(false);
  case CmpIPredicate::sle:
    return less(true);
  case CmpIPredicate::sgt:
    return opposite(less(true));
  case CmpIPredicate::sge:
    return opposite(less(false));
  case CmpIPredicate::eq:
    return LLVM::AndOp::create(builder, less(true), opposite(less(false)));
  default: // ne
    return LLVM::OrOp::create(builder, less(false), opposite(less(true)));
  }
}

/// A growing value is below a limit for the first so many keys, a falling one for all but those.
/// The number is a difference of two values that are first brought within `keys` of each other: the
/// limit may be any 32-bit number, while the values at all keys of the run are 32-bit ones.
Value RunBits::below(OverRun form, Value start, Value limit, bool orEqual) {
  bool grows = form.slope == 1;
  auto plus = [&](Value value, int64_t by) -> Value {
    return LLVM::AddOp::create(builder, value, constant(by));
  };
  Value count;
  if (grows) {
    // start + i < limit for the i below limit - start.
    Value from = plus(start, orEqual ? -1 : 0), to = plus(from, keys);
    Value near = LLVM::SMinOp::create(builder, LLVM::SMaxOp::create(builder, limit, from), to);
    count = LLVM::SubOp::create(builder, near, from);
  } else {
    // start - i >= limit for the i below start + 1 - limit.
    Value from = plus(start, orEqual ? 0 : 1), to = plus(from, -keys);
    Value near = LLVM::SMaxOp::create(builder, LLVM::SMinOp::create(builder, limit, from), to);
    count = LLVM::SubOp::create(builder, from, near);
  }
  Value mask = lowBits(builder, count);
  return grows ? mask : opposite(mask);
}

} // namespace halftone::hop
