// wgmma: descriptors, the instructions, and waits that ptxas cannot move values across.
//
// NVVM has no form with the left operand in registers, and its wait carries no dependence on the
// accumulators, so both are inline assembly with tied registers here, as Triton and Mosaic do it.
#include "codegen/Transforms/HopToNvvm/Emitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace halftone::hop {

/// A shared-memory matrix descriptor, 128-byte swizzle; strides in bytes (PTX ISA,
/// "Matrix-descriptor").
Value Emitter::descriptor(Value address, int64_t leading, int64_t stride) {
  Value bits = LLVM::LShrOp::create(
      builder, LLVM::AndOp::create(builder, add(sharedAddress, address), i32(0x3FFFF)), i32(4));
  Value wide = LLVM::ZExtOp::create(builder, builder.getI64Type(), bits);
  int64_t rest = (leading >> 4) << 16 | (stride >> 4) << 32 | int64_t(1) << 62;
  return LLVM::OrOp::create(builder, wide, i64(rest));
}

Registers Emitter::assembly(StringRef text, StringRef constraints, ValueRange operands,
                            TypeRange results) {
  Type type;
  if (results.size() == 1)
    type = results[0];
  else if (results.size() > 1)
    type = LLVM::LLVMStructType::getLiteral(builder.getContext(), llvm::to_vector(results));
  auto op = LLVM::InlineAsmOp::create(
      builder, type ? TypeRange{type} : TypeRange{}, operands, text, constraints,
      /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::TailCallKind::None,
      LLVM::AsmDialectAttr::get(builder.getContext(), LLVM::AsmDialect::AD_ATT), ArrayAttr());
  Registers values;
  if (results.size() == 1)
    values.push_back(op.getResult(0));
  else
    for (size_t i = 0; i < results.size(); ++i)
      values.push_back(LLVM::ExtractValueOp::create(builder, op.getResult(0), i));
  return values;
}

namespace {
char constraintOf(Type type) { return type.isF32() ? 'f' : 'r'; }

/// "=f,=f,=r,0,1,2": results tied to as many operands.
std::string tied(ValueRange registers) {
  std::string outputs, inputs;
  for (auto [index, value] : llvm::enumerate(registers)) {
    outputs += llvm::formatv("{0}={1}", index ? "," : "", constraintOf(value.getType()));
    inputs += llvm::formatv(",{0}", index);
  }
  return outputs + inputs;
}
} // namespace

/// LLVM takes arithmetic on registers for pure and may move it past the fence that orders it before
/// wgmma; an empty statement that owns the registers holds it in place.
Registers Emitter::pin(const Registers &registers) {
  return assembly("", tied(registers), registers, ValueRange(registers).getTypes());
}

void Emitter::emitProduct(ProductOp op) {
  auto result = op.getResult().getType();
  auto b = op.getB().getType();
  int64_t columns = result.getColumns(), bPanel = panelBytes.at(op.getB());
  bool aInRegisters = isa<FragType>(op.getA().getType());
  int64_t depth = aInRegisters ? cast<FragType>(op.getA().getType()).getColumns()
                               : cast<TileType>(op.getA().getType()).getColumns();

  Registers accumulator, a;
  if (op.getInto())
    accumulator = held.at(op.getInto());
  if (aInRegisters)
    a = held.at(op.getA());
  if (!accumulator.empty() || aInRegisters) {
    size_t count = accumulator.size();
    Registers both = accumulator;
    llvm::append_range(both, a);
    both = pin(both);
    accumulator.assign(both.begin(), both.begin() + count);
    a.assign(both.begin() + count, both.end());
    // A wait names the fragment to keep it alive: it must be these registers that live.
    if (aInRegisters)
      held[op.getA()] = a;
  }
  Value aDescriptor = aInRegisters ? Value() : descriptor(one(op.getA()), 16, 1024);
  Value bDescriptor = op.getTransposeB() ? descriptor(one(op.getB()), 16, 1024)
                                         : descriptor(one(op.getB()), bPanel, 1024);
  auto advance = [&](Value base, int64_t bytes) -> Value {
    return bytes ? Value(LLVM::AddOp::create(builder, base, i64(bytes >> 4))) : base;
  };
  StringRef type = b.getElement().isBF16() ? "bf16" : "f16";

  NVVM::WgmmaFenceAlignedOp::create(builder);
  for (int64_t step = 0; step < depth / 16; ++step) {
    bool accumulate = !accumulator.empty();
    size_t registers = result.getRegisters(), operand = accumulate ? 2 * registers : registers;
    std::string list, constraints, text;
    for (size_t i = 0; i < registers; ++i) {
      list += llvm::formatv("{0}${1}", i ? ", " : "", i);
      constraints += i ? ",=f" : "=f";
    }
    SmallVector<Value> operands(accumulator);
    if (accumulate)
      for (size_t i = 0; i < registers; ++i)
        constraints += llvm::formatv(",{0}", i);
    std::string left, immediates = "1, 1";
    if (aInRegisters) {
      left = llvm::formatv("{{${0}, ${1}, ${2}, ${3}}", operand, operand + 1, operand + 2,
                           operand + 3);
      constraints += ",r,r,r,r";
      for (int i = 0; i < 4; ++i)
        operands.push_back(a[4 * step + i]);
      operand += 4;
    } else {
      left = llvm::formatv("${0}", operand++);
      constraints += ",l";
      int64_t panel = panelBytes.at(op.getA());
      operands.push_back(advance(aDescriptor, step / 4 * panel + step % 4 * 32));
      immediates += ", 0";
    }
    immediates += op.getTransposeB() ? ", 0" : ", 1";
    constraints += ",l";
    // Key-major operands step 32 bytes inside a panel of 64; row-major ones step 16 rows of 128
    // bytes.
    operands.push_back(
        advance(bDescriptor, op.getTransposeB() ? step / 4 * bPanel + step % 4 * 32 : step * 2048));
    text = llvm::formatv(
        "{{\n.reg .pred p;\nsetp.ne.b32 p, {0}, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n{1}k16.f32.{2}.{2} {{{3}}, {4}, ${5}, p, {6};\n}\n",
        accumulate ? 1 : 0, columns, type, list, left, operand, immediates);
    SmallVector<Type> types(registers, builder.getF32Type());
    accumulator = assembly(text, constraints, operands, types);
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(builder);
  give(op.getResult(), accumulator);
  give(op.getToken(), {});
}

void Emitter::emitWait(WaitOp op) {
  Registers accumulators = take(op.getAccumulators());
  Registers operands = accumulators;
  std::string constraints = tied(accumulators);
  for (Value value : take(op.getReading())) {
    operands.push_back(value);
    constraints += ",r";
  }
  constraints += ",~{memory}";
  std::string text = llvm::formatv("wgmma.wait_group.sync.aligned {0};", WaitOp::groupsAfter(op));
  Registers done = assembly(text, constraints, operands, ValueRange(accumulators).getTypes());
  ArrayRef<Value> rest = done;
  for (Value result : op.getResults()) {
    size_t count = cast<FragType>(result.getType()).getRegisters();
    give(result, Registers(rest.take_front(count)));
    rest = rest.drop_front(count);
  }
}

} // namespace halftone::hop
