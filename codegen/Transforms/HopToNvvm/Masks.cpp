// Masks and scores by expression, and what a dropped pair must not touch.
#include "codegen/ArgumentLayout.h"
#include "codegen/Transforms/HopToNvvm/Emitter.h"
#include "codegen/Transforms/HopToNvvm/ThreadAnew.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

#include <cmath>

using namespace mlir;

namespace halftone::hop {

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

Value Emitter::chunkStart(Value stage, Value chunk) {
  Value entry = stageEntry(add(multiply(stage, stageEntries()), chunk));
  return LLVM::AndOp::create(builder, entry, i32(0x7fffffff));
}

void Emitter::forEachPair(Value query, Value stage, Value from, int64_t columns,
                          function_ref<void(int64_t, Value, Value)> body) {
  int64_t gather = kernel.getGather(), chunks = (columns + gather - 1) / gather;
  SmallVector<Value> starts;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    Value number = i32(chunk);
    if (from)
      number = add(LLVM::UDivOp::create(builder, from, i32(gather)), number);
    starts.push_back(add(chunkStart(stage, number), columnPair));
  }
  std::array<Value, 2> rows = rowsOf(query);
  for (int64_t element = 0; element < columns / 2; ++element) {
    int64_t column = columnOf(element);
    body(element, rows[rowOf(element)], add(starts[column / gather], column % gather));
  }
}

void Emitter::readParameters(Region &region) {
  for (ht::ParameterOp parameter : region.getOps<ht::ParameterOp>())
    give(parameter.getResult(), {builder.clone(*parameter)->getResult(0)});
}

void Emitter::cloneScalar(Operation &op, IRMapping &mapping) {
  // Values from outside the region are scalars of the consumer.
  for (Value operand : op.getOperands())
    if (!mapping.contains(operand))
      mapping.map(operand, one(operand));
  builder.clone(op, mapping);
}

Value Emitter::cloneRegion(Region &region, ValueRange arguments) {
  IRMapping mapping;
  mapping.map(region.getArguments(), arguments);
  for (Operation &op : region.front().without_terminator())
    if (!isa<ht::ParameterOp>(op)) // readParameters
      cloneScalar(op, mapping);
  Value result = region.front().getTerminator()->getOperand(0);
  return mapping.contains(result) ? mapping.lookup(result) : one(result);
}

void Emitter::emitMask(MaskOp op) {
  Registers scores = held.at(op.getScores()), words = held.at(op.getKept());
  Value dropped = f32(-INFINITY), zero = i32(0);
  for (auto [index, score] : llvm::enumerate(scores)) {
    Value bit = LLVM::AndOp::create(builder, words[index / 32],
                                    i32(int64_t(1) << keptBit(int64_t(index % 32))));
    Value isDropped = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, bit, zero);
    score = LLVM::SelectOp::create(builder, isDropped, dropped, score);
  }
  give(op.getResult(), scores);
}

void Emitter::emitScore(ScoreOp op) {
  Registers scores = held.at(op.getScores());
  readParameters(op.getBody());
  forEachPair(one(op.getQuery()), one(op.getStage()), op.getFrom() ? one(op.getFrom()) : Value(),
              op.getScores().getType().getColumns(), [&](int64_t element, Value query, Value key) {
                scores[element] = cloneRegion(op.getBody(), {scores[element], one(op.getBatch()),
                                                             one(op.getHead()), query, key});
              });
  give(op.getResult(), scores);
}

/// Each warp writes which columns its rows keep, all meet, then every thread zeroes the value rows
/// it is responsible for that no warp keeps. Without a branch: one that lanes of a warp take
/// differently, even here, makes ptxas keep the tile addresses of every loop out of the uniform
/// registers that wgmma reads, which cost the loop over full stages 14 %.
void Emitter::emitClearUnkept(ClearUnkeptOp op) {
  ThreadAnew anew(*this);
  Registers kept = held.at(op.getKept());
  auto values = op.getValues().getType();
  int64_t rows = values.getRows(), consumers = kernel.getConsumers();
  Value length = argument(builder.getI32Type(), layout::queryLength), real = i32(0);
  constexpr int64_t bitsOfRow[2] = {0x33333333, 0xCCCCCCCC};
  for (auto [row, bits] : llvm::zip(rowsOf(one(op.getQuery())), bitsOfRow)) {
    Value exists = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, row, length);
    real = LLVM::OrOp::create(builder, real,
                              LLVM::SelectOp::create(builder, exists, i32(bits), i32(0)));
  }
  for (Value &word : kept) {
    word = LLVM::AndOp::create(builder, word, real);
    word = LLVM::OrOp::create(builder, word, LLVM::LShrOp::create(builder, word, i32(2)));
    for (int offset : {4, 8, 16})
      word = LLVM::OrOp::create(builder, word, butterfly(word, offset));
  }
  // Column c is bit keptShift(c) + c mod 2 of word c / 64 of the lanes (c mod 8) / 2 modulo 4:
  // eight lanes write the same.
  auto low = [&](Value x, int64_t mask) -> Value {
    return LLVM::AndOp::create(builder, x, i32(mask));
  };
  Value consumerThread = add(thread, -128);
  Value warp = LLVM::LShrOp::create(builder, consumerThread, i32(5));
  Value at = add(add(multiply(warp, 64), multiply(low(lane, 3), 16)), keptBits);
  for (auto [index, word] : llvm::enumerate(kept))
    LLVM::StoreOp::create(builder, word, sharedAt(add(at, 4 * int64_t(index))));
  Value group = i32(1), members = i32(128 * consumers);
  emitNamedBarrier(group, members);
  for (int64_t first = 0; first < rows; first += 128 * consumers) {
    // Threads beyond the last row do what the last one does.
    Value row = LLVM::UMinOp::create(builder, add(consumerThread, first), i32(rows - 1));
    auto shift = [&](int64_t by) { return LLVM::LShrOp::create(builder, row, i32(by)); };
    Value bit = add(keptShift(low(row, 63)), low(row, 1));
    Value word = add(multiply(low(shift(1), 3), 16), multiply(shift(6), 4));
    Value any = i32(0);
    for (int64_t w = 0; w < 4 * consumers; ++w)
      any = LLVM::OrOp::create(builder, any,
                               LLVM::LoadOp::create(builder, builder.getI32Type(),
                                                    sharedAt(add(word, keptBits + 64 * w))));
    // All ones where the row is kept.
    Value mask =
        LLVM::SubOp::create(builder, i32(0), low(LLVM::LShrOp::create(builder, any, bit), 1));
    auto quad = VectorType::get({4}, builder.getI32Type());
    Value masks = LLVM::UndefOp::create(builder, quad);
    for (int64_t i = 0; i < 4; ++i)
      masks = LLVM::InsertElementOp::create(builder, masks, mask, i32(i));
    Value base = add(one(op.getValues()), multiply(row, 128));
    for (int64_t panel = 0; panel < values.getPanels(); ++panel)
      for (int64_t sixteen = 0; sixteen < 8; ++sixteen) {
        Value place = sharedAt(add(base, panel * rows * 128 + 16 * sixteen));
        Value before = LLVM::LoadOp::create(builder, quad, place, /*alignment=*/16);
        LLVM::StoreOp::create(builder, LLVM::AndOp::create(builder, before, masks), place,
                              /*alignment=*/16);
      }
  }
  // The matrix ops read through the async proxy: make the zeros visible to it, then go on together.
  emitAsyncFence();
  emitNamedBarrier(group, members);
}

void Emitter::emitRewrite(RewriteOp op) {
  auto tile = op.getRows().getType();
  Value inGroup = LLVM::AndOp::create(builder, thread, i32(127));
  Value andBits = one(op.getAndBits()), xorBits = one(op.getXorBits());
  // 64 rows of 128 bytes a panel: 16 words a thread, neighbours beside each other.
  for (int64_t panel = 0; panel < tile.getPanels(); ++panel)
    for (int64_t word = 0; word < 16; ++word) {
      Value at = add(add(one(op.getRows()), multiply(inGroup, 4)),
                     panel * panelBytes.at(op.getRows()) + word * 512);
      Value before = LLVM::LoadOp::create(builder, builder.getI32Type(), sharedAt(at));
      Value after =
          LLVM::XOrOp::create(builder, LLVM::AndOp::create(builder, before, andBits), xorBits);
      LLVM::StoreOp::create(builder, after, sharedAt(at));
    }
  emitAsyncFence();
  // Barriers 1 to 3 are hop.clear_unkept's and the turns'.
  emitNamedBarrier(add(one(op.getGroup()), 4), i32(128));
}

} // namespace halftone::hop
