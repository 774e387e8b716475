// Results leave the registers.
#include "codegen/ArgumentLayout.h"
#include "codegen/Transforms/HopToNvvm/Emitter.h"
#include "codegen/Transforms/HopToNvvm/ThreadAnew.h"

using namespace mlir;

namespace halftone::hop {

void Emitter::emitStoreOutput(StoreOutputOp op) {
  ThreadAnew anew(*this);
  Registers values = held.at(op.getValues());
  int64_t columns = op.getValues().getType().getColumns();
  Type element = kernel.getElement();
  auto global = LLVM::LLVMPointerType::get(builder.getContext(), 1);
  auto wide = [&](Value x) -> Value {
    return LLVM::ZExtOp::create(builder, builder.getI64Type(), x);
  };
  auto stride = [&](int64_t which) {
    return argument(builder.getI64Type(), layout::output + which);
  };
  auto times = [&](Value a, Value b) -> Value { return LLVM::MulOp::create(builder, a, b); };
  Value base =
      LLVM::AddOp::create(builder, times(wide(one(op.getHead())), stride(layout::headStride)),
                          times(wide(one(op.getBatch())), stride(layout::batchStride)));
  Value data = argument(global, layout::output + layout::data);
  Value length = argument(builder.getI32Type(), layout::queryLength);
  std::array<Value, 2> rows = rowsOf(one(op.getRow()));
  for (int64_t r = 0; r < 2; ++r) {
    Value query = rows[r];
    ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, query, length), [&] {
      Value at =
          LLVM::AddOp::create(builder, base, times(wide(query), stride(layout::tokenStride)));
      at = LLVM::AddOp::create(builder, at, wide(columnPair));
      Value start =
          LLVM::GEPOp::create(builder, global, builder.getI16Type(), data, ValueRange{at});
      for (int64_t group = 0; group < columns / 8; ++group) {
        Value to = LLVM::GEPOp::create(builder, global, builder.getI16Type(), start,
                                       ValueRange{i32(8 * group)});
        LLVM::StoreOp::create(
            builder, packPair(values[4 * group + 2 * r], values[4 * group + 2 * r + 1], element),
            to, /*alignment=*/4);
      }
    });
  }
}

void Emitter::emitStoreLse(StoreLseOp op) {
  ThreadAnew anew(*this);
  Registers values = held.at(op.getValues());
  auto global = LLVM::LLVMPointerType::get(builder.getContext(), 1);
  auto wide = [&](Value x) -> Value {
    return LLVM::ZExtOp::create(builder, builder.getI64Type(), x);
  };
  Value base = LLVM::AddOp::create(
      builder,
      LLVM::MulOp::create(builder, wide(one(op.getHead())),
                          argument(builder.getI64Type(), layout::lseHeadStride)),
      LLVM::MulOp::create(builder, wide(one(op.getBatch())),
                          argument(builder.getI64Type(), layout::lseBatchStride)));
  Value data = argument(global, layout::lse);
  Value length = argument(builder.getI32Type(), layout::queryLength);
  std::array<Value, 2> rows = rowsOf(one(op.getRow()));
  Value isFirst = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, columnPair, i32(0));
  for (int64_t r = 0; r < 2; ++r) {
    Value query = rows[r];
    Value inside = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, query, length);
    ifThen(LLVM::AndOp::create(builder, isFirst, inside), [&] {
      Value at = LLVM::AddOp::create(builder, base, wide(query));
      LLVM::StoreOp::create(
          builder, values[r],
          LLVM::GEPOp::create(builder, global, builder.getF32Type(), data, ValueRange{at}));
    });
  }
}

} // namespace halftone::hop
