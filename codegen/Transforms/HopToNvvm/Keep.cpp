// Which pairs of a stage are kept: one bit a pair, evaluated a run of consecutive keys at a time.
#include "codegen/Transforms/HopToNvvm/Emitter.h"
#include "codegen/Transforms/HopToNvvm/RunAnalysis.h"
#include "codegen/Transforms/HopToNvvm/RunBits.h"
#include "codegen/Transforms/HopToNvvm/ThreadAnew.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <numeric>

using namespace mlir;

namespace halftone::hop {

/// `keys` consecutive keys of one chunk, from `first` on.
struct Emitter::KeepRun {
  Region &mask;
  const RunAnalysis &analysis;
  Value batch, head;
  std::array<Value, 2> rows; ///< this thread's queries
  Value first;
  int64_t keys;
};

namespace {

/// Runs whose pairs are evaluated one by one.
constexpr int64_t pairsAtOnce = 16;

} // namespace

/// Two loops over the runs of a stage, one for those that are steady and one for the others: the
/// expression is there once in each, not once an element, which keeps the code short and needs few
/// registers beside the accumulators in flight. Not one loop with another in a branch of it: ptxas
/// would take all of them for divergent (see emitClearUnkept).
void Emitter::emitKeep(KeepOp op) {
  ThreadAnew anew(*this);
  int64_t columns = op.getKept().getType().getColumns(), gather = kernel.getGather();
  Value stage = one(op.getStage());
  std::array<Value, 2> rows = rowsOf(one(op.getQuery()));
  // Pinned, so that what follows from the rows alone is computed here again, not kept in registers
  // across the products.
  Registers pinned = pin({rows[0], rows[1]});
  readParameters(op.getBody());
  RunAnalysis analysis(op.getBody());
  auto runAt = [&](Value column, int64_t keys) {
    Value chunk = LLVM::UDivOp::create(builder, column, i32(gather));
    Value inChunk = LLVM::SubOp::create(builder, column, multiply(chunk, gather));
    return KeepRun{op.getBody(),
                   analysis,
                   one(op.getBatch()),
                   one(op.getHead()),
                   {pinned[0], pinned[1]},
                   add(chunkStart(stage, chunk), inChunk),
                   keys};
  };
  auto forEach = [&](Value to, int64_t step, const Registers &carried,
                     function_ref<Registers(Value column, ValueRange carried)> body) {
    auto loop = scf::ForOp::create(builder, i32(0), to, i32(step), carried);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(builder, body(loop.getInductionVar(), loop.getRegionIterArgs()));
    return Registers(loop.getResults());
  };

  Registers words(size_t(op.getKept().getType().getRegisters()), i32(0));
  Value unsteady = i32(-1); // a bit for every 16 columns
  if (analysis.comparesOnly()) {
    int64_t keys = std::gcd(gather, int64_t{64});
    Registers carried = words;
    carried.push_back(i32(0));
    carried = forEach(i32(columns), keys, carried, [&](Value column, ValueRange before) {
      KeepRun run = runAt(column, keys);
      Value steady = isSteady(run);
      Value bits = LLVM::SelectOp::create(builder, steady, bitsOfSteadyRun(run), i32(0));
      Registers after = withBits(before.drop_back(), column, bits);
      Value units = LLVM::ShlOp::create(builder, i32((int64_t(1) << keys / pairsAtOnce) - 1),
                                        LLVM::LShrOp::create(builder, column, i32(4)));
      units = LLVM::SelectOp::create(builder, steady, i32(0), units);
      after.push_back(LLVM::OrOp::create(builder, before.back(), units));
      return after;
    });
    unsteady = carried.pop_back_val();
    words = carried;
  }
  auto allSteady = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, unsteady, i32(0));
  Value to = LLVM::SelectOp::create(builder, allSteady, i32(0), i32(columns));
  words = forEach(to, pairsAtOnce, words, [&](Value column, ValueRange before) {
    Value unit = LLVM::LShrOp::create(builder, column, i32(4));
    Value isSteady =
        LLVM::AndOp::create(builder, LLVM::LShrOp::create(builder, unsteady, unit), i32(1));
    Value skips = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, isSteady, i32(0));
    auto branch = scf::IfOp::create(builder, TypeRange{builder.getI32Type()}, skips,
                                    /*addThenBlock=*/true, /*addElseBlock=*/true);
    {
      OpBuilder::InsertionGuard inside(builder);
      builder.setInsertionPointToStart(branch.thenBlock());
      scf::YieldOp::create(builder, ValueRange{i32(0)});
      builder.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(builder, bitsOfRun(runAt(column, pairsAtOnce)));
    }
    return withBits(before, column, branch.getResult(0));
  });
  // Holds the words ahead of the wait that follows: LLVM would compute them where they are used.
  give(op.getKept(), pin(words));
}

void Emitter::emitKeepNone(KeepNoneOp op) {
  give(op.getKept(), Registers(size_t(op.getKept().getType().getRegisters()), i32(0)));
}

/// The words of a stage with the bits of columns from `column` on.
Registers Emitter::withBits(ValueRange words, Value column, Value bits) {
  bits =
      LLVM::ShlOp::create(builder, bits, keptShift(LLVM::AndOp::create(builder, column, i32(63))));
  Value here = LLVM::LShrOp::create(builder, column, i32(6));
  Registers joined;
  for (auto [index, word] : llvm::enumerate(words)) {
    Value isHere =
        LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, here, i32(int64_t(index)));
    joined.push_back(
        LLVM::OrOp::create(builder, word, LLVM::SelectOp::create(builder, isHere, bits, i32(0))));
  }
  return joined;
}

/// The bit of `kept` from which on the 8 columns from `column` on are, below 64.
Value Emitter::keptShift(Value column) {
  Value byte = LLVM::AndOp::create(builder, column, i32(24));
  Value nibble =
      LLVM::LShrOp::create(builder, LLVM::AndOp::create(builder, column, i32(32)), i32(3));
  return add(byte, nibble);
}

/// Every pair by itself.
Value Emitter::bitsOfRun(const KeepRun &run) {
  Value key = add(run.first, columnPair), bits = i32(0);
  for (int64_t element = 0; element < run.keys / 2; ++element) {
    Value isKept = cloneRegion(run.mask, {run.batch, run.head, run.rows[size_t(rowOf(element))],
                                          add(key, columnOf(element))});
    Value bit =
        LLVM::SelectOp::create(builder, isKept, i32(int64_t(1) << keptBit(element)), i32(0));
    bits = LLVM::OrOp::create(builder, bits, bit);
  }
  return bits;
}

/// See RunAnalysis. The same in all lanes, as they look at the same keys.
Value Emitter::isSteady(const KeepRun &run) {
  IRMapping ends[2];
  for (int64_t end = 0; end < 2; ++end) {
    ends[end].map(run.mask.getArguments().take_front(2), ValueRange{run.batch, run.head});
    ends[end].map(run.mask.getArgument(3), add(run.first, end ? run.keys - 1 : 0));
    for (Operation &op : run.mask.front().without_terminator())
      if (!isa<ht::ParameterOp>(op) && llvm::all_of(op.getOperands(), [&](Value operand) {
            OverRun form = run.analysis.of(operand);
            return form.form != OverRun::Form::Varying && !form.dependsOnQuery;
          }))
        cloneScalar(op, ends[end]);
  }
  auto at = [&](Operation *op, int64_t end) { return ends[end].lookup(op->getResult(0)); };
  Value steady = LLVM::ConstantOp::create(builder, builder.getI1Type(), builder.getBoolAttr(true));
  auto require = [&](Value a, Value b) {
    Value equal = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, a, b);
    steady = LLVM::AndOp::create(builder, steady, equal);
  };
  for (Operation *root : run.analysis.roots())
    require(at(root, 0), at(root, 1));
  for (Operation *clamp : run.analysis.clamps())
    require(add(at(clamp, 0), run.keys - 1), at(clamp, 1));
  return steady;
}

/// What is constant or linear over the run is evaluated at its first key, once for each row; what
/// varies are words with a bit a column, of which this thread takes its own.
Value Emitter::bitsOfSteadyRun(const KeepRun &run) {
  Block &mask = run.mask.front();
  Value bits = i32(0);
  for (auto [index, row] : llvm::enumerate(run.rows)) {
    IRMapping atFirst;
    atFirst.map(run.mask.getArguments(), ValueRange{run.batch, run.head, row, run.first});
    for (Operation &op : mask.without_terminator())
      if (!isa<ht::ParameterOp>(op) && llvm::all_of(op.getResults(), [&](Value result) {
            return run.analysis.of(result).form != OverRun::Form::Varying;
          }))
        cloneScalar(op, atFirst);
    auto value = [&](Value original) {
      return atFirst.contains(original) ? atFirst.lookup(original) : one(original);
    };
    for (int64_t column = 0; column < run.keys; column += 32) {
      RunBits word(builder, run.analysis, value, column, std::min<int64_t>(32, run.keys - column));
      Value own = LLVM::AndOp::create(
          builder, LLVM::LShrOp::create(builder, word.of(run.mask), columnPair), i32(0x03030303));
      int64_t shift = 2 * int64_t(index) + column / 8;
      bits = LLVM::OrOp::create(builder, bits, LLVM::ShlOp::create(builder, own, i32(shift)));
    }
  }
  return bits;
}

} // namespace halftone::hop
