// Which pairs of a stage are kept: one bit a pair, evaluated a run of consecutive keys at a time.
#include "codegen/ArgumentLayout.h"
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
  Value query; ///< of the warp group's first row
  Value first;
  int64_t keys; ///< 16 or 32
};

namespace {

/// Keys whose pairs are evaluated one by one, in a loop.
constexpr int64_t keysAtOnce = 16;
/// Lanes that hold the same two rows of a fragment: a quarter of the columns each.
constexpr int64_t lanesOfRow = 4;
/// Lanes that hold the same columns: two rows each.
constexpr int64_t lanesOfColumn = 8;

} // namespace

/// The lanes that share two rows share the runs of a stage, too: each evaluates one in four, and
/// they exchange what they found. Where the expression is not of a kind that can be evaluated for a
/// run, it is pair by pair, in a loop: it is there once, not once an element, which keeps the code
/// short and needs few registers beside the accumulators in flight.
void Emitter::emitKeep(KeepOp op) {
  ThreadAnew anew(*this);
  int64_t columns = op.getKept().getType().getColumns(), gather = kernel.getGather();
  Value stage = one(op.getStage());
  readParameters(op.getBody());
  RunAnalysis analysis(op.getBody());
  auto runAt = [&](Value column, int64_t keys) {
    Value chunk = LLVM::UDivOp::create(builder, column, i32(gather));
    Value inChunk = LLVM::SubOp::create(builder, column, multiply(chunk, gather));
    return KeepRun{op.getBody(),
                   analysis,
                   one(op.getBatch()),
                   one(op.getHead()),
                   one(op.getQuery()),
                   add(chunkStart(stage, chunk), inChunk),
                   keys};
  };
  auto forEach = [&](int64_t to, int64_t step, const Registers &carried,
                     function_ref<Registers(Value at, ValueRange carried)> body) {
    if (to <= step)
      return body(i32(0), carried);
    auto loop = scf::ForOp::create(builder, i32(0), i32(to), i32(step), carried);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(builder, body(loop.getInductionVar(), loop.getRegionIterArgs()));
    return Registers(loop.getResults());
  };

  Registers words(size_t(op.getKept().getType().getRegisters()), i32(0));
  if (analysis.comparesOnly() && !op.getPairwise()) {
    int64_t keys = std::gcd(gather, int64_t{32}), runs = columns / keys;
    words = forEach(runs, lanesOfRow, words, [&](Value first, ValueRange before) {
      // The last round's lanes beyond the last run repeat it.
      Value inQuad = LLVM::AndOp::create(builder, lane, i32(lanesOfRow - 1));
      Value own = LLVM::UMinOp::create(builder, add(first, inQuad), i32(runs - 1));
      Registers bits = bitsOfRun(runAt(multiply(own, keys), keys));
      ThreadAnew again(*this);
      return withBits(before, first, bits, keys);
    });
  } else {
    words = forEach(columns, keysAtOnce, words, [&](Value column, ValueRange before) {
      Value word = LLVM::LShrOp::create(builder, column, i32(6));
      Value bits = LLVM::ShlOp::create(builder, bitsOfPairs(runAt(column, keysAtOnce)),
                                       keptShift(LLVM::AndOp::create(builder, column, i32(63))));
      return withWord(before, word, bits);
    });
  }
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

/// Pinned, so that what follows from the rows alone is computed where it is used, not kept in
/// registers beside the products.
Registers Emitter::pinnedRows(Value query) {
  std::array<Value, 2> rows = rowsOf(query);
  return pin({rows[0], rows[1]});
}

/// Every pair by itself.
Value Emitter::bitsOfPairs(const KeepRun &run) {
  Value key = add(run.first, columnPair), bits = i32(0);
  Registers rows = pinnedRows(run.query);
  for (int64_t element = 0; element < run.keys / 2; ++element) {
    Value isKept = cloneRegion(
        run.mask, {run.batch, run.head, rows[size_t(rowOf(element))], add(key, columnOf(element))});
    Value bit =
        LLVM::SelectOp::create(builder, isKept, i32(int64_t(1) << keptBit(element)), i32(0));
    bits = LLVM::OrOp::create(builder, bits, bit);
  }
  return bits;
}

/// A word for each row, of 16 keys one for both. The run is made of steady pieces, one for most:
/// its bits are those that the first key of the first piece gives, from the second piece on those
/// of its first key, and so on to the last key there is. The lanes go on together while one of them
/// has another piece.
Registers Emitter::bitsOfRun(const KeepRun &run) {
  // Of a stage's padding no key exists.
  Value length =
      LLVM::SubOp::create(builder, argument(builder.getI32Type(), layout::keyLength), run.first);
  length = LLVM::SMaxOp::create(builder, length, i32(0));
  length = LLVM::SMinOp::create(builder, length, i32(run.keys));
  // That of ThreadAnew: no piece begins beyond key 32.
  auto zeroOf = [&](Value begin) -> Value {
    return LLVM::LShrOp::create(builder, pin({begin}).front(), i32(6));
  };
  auto evaluate = [&](OpBuilder &, Location, ValueRange carried) {
    Value begin = carried[0];
    ThreadAnew anew(*this, zeroOf(begin));
    Registers next{begin};
    for (auto [row, before] : llvm::zip(rowsOf(run.query), carried.drop_front())) {
      Value earlier = LLVM::AndOp::create(builder, before, lowBits(builder, begin));
      Value bits = shiftUp(builder, bitsFrom(run, begin, row), begin);
      next.push_back(LLVM::OrOp::create(builder, earlier, bits));
    }
    Value isOpen = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, begin, length);
    auto never = LLVM::ConstantOp::create(builder, builder.getI1Type(), builder.getBoolAttr(false));
    Value isCut = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq,
                                       isSteady(run, begin, add(length, -1)), never);
    isCut = LLVM::AndOp::create(builder, isOpen, isCut);
    Value goesOn = NVVM::VoteSyncOp::create(builder, builder.getI1Type(), fullMask, isCut,
                                            NVVM::VoteSyncKind::any);
    scf::ConditionOp::create(builder, goesOn, next);
  };
  auto advance = [&](OpBuilder &, Location, ValueRange carried) {
    ThreadAnew anew(*this, zeroOf(carried[0]));
    Registers next(carried);
    next.front() = LLVM::UMinOp::create(builder, pieceEnd(run, carried[0]), length);
    scf::YieldOp::create(builder, next);
  };
  Registers start(3, i32(0));
  auto loop = scf::WhileOp::create(builder, SmallVector<Type>(3, builder.getI32Type()), start,
                                   evaluate, advance);
  Registers bits;
  for (Value word : loop.getResults().drop_front())
    bits.push_back(LLVM::AndOp::create(builder, word, lowBits(builder, length)));
  if (run.keys == 16)
    bits = {LLVM::OrOp::create(builder, bits[0], LLVM::ShlOp::create(builder, bits[1], i32(16)))};
  return bits;
}

/// The number of the first key that is not of the steady piece that begins with key `begin`. The
/// lanes that hold the same columns try one key in eight each, then those of the eighth between.
Value Emitter::pieceEnd(const KeepRun &run, Value begin) {
  int64_t eighth = run.keys / lanesOfColumn;
  Value inQuad = LLVM::AndOp::create(builder, lane, i32(lanesOfRow - 1));
  Value inColumn = LLVM::LShrOp::create(builder, lane, i32(2));
  auto countOf = [&](Value at, int64_t lanes) -> Value {
    Value isBefore = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, at, begin);
    Value holds = LLVM::OrOp::create(builder, isBefore, isSteady(run, begin, at));
    Value all = NVVM::VoteSyncOp::create(builder, builder.getI32Type(), fullMask, holds,
                                         NVVM::VoteSyncKind::ballot);
    Value ofRun = LLVM::AndOp::create(builder, LLVM::LShrOp::create(builder, all, inQuad),
                                      i32(0x11111111 & ((int64_t(1) << (lanesOfRow * lanes)) - 1)));
    return LLVM::CtPopOp::create(builder, ofRun);
  };
  Value start =
      multiply(countOf(add(multiply(inColumn, eighth), eighth - 1), lanesOfColumn), eighth);
  Value inEighth = LLVM::AndOp::create(builder, inColumn, i32(eighth - 1));
  Value end = add(start, countOf(add(start, inEighth), eighth));
  return LLVM::UMinOp::create(builder, end, i32(run.keys));
}

/// Whether a steady piece (RunAnalysis) reaches from key `from` of the run to key `to`. It depends
/// on the keys alone.
Value Emitter::isSteady(const KeepRun &run, Value from, Value to) {
  IRMapping ends[2];
  for (auto [end, key] : llvm::zip(ends, std::array{from, to})) {
    end.map(run.mask.getArguments().take_front(2), ValueRange{run.batch, run.head});
    end.map(run.mask.getArgument(3), add(run.first, key));
    for (Operation &op : run.mask.front().without_terminator())
      if (!isa<ht::ParameterOp>(op) && llvm::all_of(op.getOperands(), [&](Value operand) {
            OverRun form = run.analysis.of(operand);
            return form.form != OverRun::Form::Varying && !form.dependsOnQuery;
          }))
        cloneScalar(op, end);
  }
  auto at = [&](Operation *op, int64_t end) { return ends[end].lookup(op->getResult(0)); };
  Value steady = LLVM::ConstantOp::create(builder, builder.getI1Type(), builder.getBoolAttr(true));
  auto require = [&](Value a, Value b) {
    Value equal = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, a, b);
    steady = LLVM::AndOp::create(builder, steady, equal);
  };
  for (Operation *root : run.analysis.roots())
    require(at(root, 0), at(root, 1));
  Value distance = LLVM::SubOp::create(builder, to, from);
  for (Operation *clamp : run.analysis.clamps())
    require(add(at(clamp, 0), distance), at(clamp, 1));
  return steady;
}

/// The bits of a row from key `begin` of the run on, as far as the piece is steady. What is
/// constant or linear over it is evaluated at its first key; what varies are words with a bit a
/// key.
Value Emitter::bitsFrom(const KeepRun &run, Value begin, Value row) {
  IRMapping atFirst;
  atFirst.map(run.mask.getArguments(), ValueRange{run.batch, run.head, row, add(run.first, begin)});
  for (Operation &op : run.mask.front().without_terminator())
    if (!isa<ht::ParameterOp>(op) && llvm::all_of(op.getResults(), [&](Value result) {
          return run.analysis.of(result).form != OverRun::Form::Varying;
        }))
      cloneScalar(op, atFirst);
  auto value = [&](Value original) {
    return atFirst.contains(original) ? atFirst.lookup(original) : one(original);
  };
  return RunBits(builder, run.analysis, value, run.keys).of(run.mask);
}

} // namespace halftone::hop
