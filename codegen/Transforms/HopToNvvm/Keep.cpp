// Which pairs of a stage are kept: one bit a pair, evaluated a run of consecutive keys at a time.
#include "codegen/Transforms/HopToNvvm/Emitter.h"
#include "codegen/Transforms/HopToNvvm/RunAnalysis.h"
#include "codegen/Transforms/HopToNvvm/RunBits.h"
#include "codegen/Transforms/HopToNvvm/ThreadAnew.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
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
  int64_t keys; ///< 16 or 32
};

/// What a lane finds of a run.
struct Emitter::SteadyRun {
  Registers bits; ///< a word for each row, of 16 keys one for both; 0 where it is not steady
  Value isUnsteady;
};

namespace {

/// Runs whose pairs are evaluated one by one.
constexpr int64_t pairsAtOnce = 16;
/// Lanes that hold the same two rows of a fragment: a quarter of the columns each.
constexpr int64_t lanesOfRow = 4;

} // namespace

/// The lanes that share two rows share the runs of a stage, too: each evaluates one in four, and
/// they exchange what they found. Runs that are not steady are evaluated after, pair by pair, in a
/// loop: the expression is there once, not once an element, which keeps the code short and needs
/// few registers beside the accumulators in flight. Not one loop with another in a branch of it:
/// ptxas would take all of them for divergent (see emitClearUnkept).
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
                     function_ref<Registers(Value at, ValueRange carried)> body) {
    auto loop = scf::ForOp::create(builder, i32(0), to, i32(step), carried);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(builder, body(loop.getInductionVar(), loop.getRegionIterArgs()));
    return Registers(loop.getResults());
  };

  Registers words(size_t(op.getKept().getType().getRegisters()), i32(0));
  int64_t keys = std::gcd(gather, int64_t{32}), runs = columns / keys;
  Value unsteady = i32(-1); // a bit for every run
  if (analysis.comparesOnly() && !op.getPairwise()) {
    Registers carried = words;
    carried.push_back(i32(0));
    auto inQuad = [&] { return LLVM::AndOp::create(builder, lane, i32(3)); };
    auto round = [&](Value first, ValueRange before) {
      // The last round's lanes beyond the last run repeat it.
      Value own = LLVM::UMinOp::create(builder, add(first, inQuad()), i32(runs - 1));
      SteadyRun found = steadyRun(runAt(multiply(own, keys), keys));
      Registers after = withBits(before.drop_back(), first, found.bits, keys);
      Value all = NVVM::VoteSyncOp::create(builder, builder.getI32Type(), fullMask,
                                           found.isUnsteady, NVVM::VoteSyncKind::ballot);
      Value four = LLVM::AndOp::create(builder, all, i32(15));
      after.push_back(
          LLVM::OrOp::create(builder, before.back(), LLVM::ShlOp::create(builder, four, first)));
      return after;
    };
    carried = runs <= lanesOfRow ? round(i32(0), carried)
                                 : forEach(i32(runs), lanesOfRow, carried, round);
    unsteady = LLVM::AndOp::create(builder, carried.pop_back_val(), i32((int64_t(1) << runs) - 1));
    words = carried;
  }
  auto allSteady = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, unsteady, i32(0));
  Value to = LLVM::SelectOp::create(builder, allSteady, i32(0), i32(columns));
  words = forEach(to, pairsAtOnce, words, [&](Value column, ValueRange before) {
    Value run = LLVM::UDivOp::create(builder, column, i32(keys));
    Value isSteady =
        LLVM::AndOp::create(builder, LLVM::LShrOp::create(builder, unsteady, run), i32(1));
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
    Value word = LLVM::LShrOp::create(builder, column, i32(6));
    Value bits = LLVM::ShlOp::create(builder, branch.getResult(0),
                                     keptShift(LLVM::AndOp::create(builder, column, i32(63))));
    return withWord(before, word, bits);
  });
  // Holds the words ahead of the wait that follows: LLVM would compute them where they are used.
  give(op.getKept(), pin(words));
}

void Emitter::emitKeepNone(KeepNoneOp op) {
  give(op.getKept(), Registers(size_t(op.getKept().getType().getRegisters()), i32(0)));
}

/// The words of a stage with the bits of word `at`, if there is one.
Registers Emitter::withWord(ValueRange words, Value at, Value bits) {
  Registers joined;
  for (auto [index, word] : llvm::enumerate(words)) {
    Value isHere = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, at, i32(int64_t(index)));
    joined.push_back(
        LLVM::OrOp::create(builder, word, LLVM::SelectOp::create(builder, isHere, bits, i32(0))));
  }
  return joined;
}

/// The words of a stage with this thread's columns of the four runs from `first` on. `bits` are
/// what a lane found of its run, a word for each row, or half a word where a run has 16 keys.
Registers Emitter::withBits(ValueRange words, Value first, const Registers &bits, int64_t keys) {
  int64_t runsOfWord = 64 / keys;
  Registers found(size_t(lanesOfRow / runsOfWord), i32(0));
  for (int64_t run = 0; run < lanesOfRow; ++run) {
    Registers row;
    for (Value own : bits) {
      // From lane `run` of the four.
      Value theirs =
          NVVM::ShflOp::create(builder, own.getType(), fullMask, own, i32(run),
                               i32((32 - lanesOfRow) << 8 | 31), NVVM::ShflKind::idx, UnitAttr());
      row.push_back(LLVM::AndOp::create(builder, LLVM::LShrOp::create(builder, theirs, columnPair),
                                        i32(0x03030303)));
    }
    if (keys == 16) // the second row's columns are 16 bits up
      row = {LLVM::AndOp::create(builder, row[0], i32(0xffff)),
             LLVM::LShrOp::create(builder, row[0], i32(16))};
    for (int64_t index = 0; index < 2; ++index) {
      int64_t column = run % runsOfWord * keys;
      Value shifted = LLVM::ShlOp::create(builder, row[size_t(index)],
                                          i32(2 * index + (column & 24) + (column & 32) / 8));
      Value &word = found[size_t(run / runsOfWord)];
      word = LLVM::OrOp::create(builder, word, shifted);
    }
  }
  Registers joined(words);
  Value at = LLVM::UDivOp::create(builder, first, i32(runsOfWord));
  for (auto [index, word] : llvm::enumerate(found))
    joined = withWord(joined, add(at, int64_t(index)), word);
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

/// See RunAnalysis. It depends on the keys alone.
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
/// varies are words with a bit a key.
Emitter::SteadyRun Emitter::steadyRun(const KeepRun &run) {
  SteadyRun found;
  Value steady = isSteady(run);
  for (Value row : run.rows) {
    IRMapping atFirst;
    atFirst.map(run.mask.getArguments(), ValueRange{run.batch, run.head, row, run.first});
    for (Operation &op : run.mask.front().without_terminator())
      if (!isa<ht::ParameterOp>(op) && llvm::all_of(op.getResults(), [&](Value result) {
            return run.analysis.of(result).form != OverRun::Form::Varying;
          }))
        cloneScalar(op, atFirst);
    auto value = [&](Value original) {
      return atFirst.contains(original) ? atFirst.lookup(original) : one(original);
    };
    found.bits.push_back(RunBits(builder, run.analysis, value, run.keys).of(run.mask));
  }
  if (run.keys == 16)
    found.bits = {LLVM::OrOp::create(builder, found.bits[0],
                                     LLVM::ShlOp::create(builder, found.bits[1], i32(16)))};
  for (Value &bits : found.bits)
    bits = LLVM::SelectOp::create(builder, steady, bits, i32(0));
  auto isTrue = LLVM::ConstantOp::create(builder, builder.getI1Type(), builder.getBoolAttr(true));
  found.isUnsteady = LLVM::XOrOp::create(builder, steady, isTrue);
  return found;
}

} // namespace halftone::hop
