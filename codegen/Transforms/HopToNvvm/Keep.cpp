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

/// Keys of one chunk, or of two where chunks are of 16 or of an odd number of times as many.
struct Emitter::KeepRun {
  Region &mask;
  const RunAnalysis &analysis;
  Value batch, head;
  Value query;  ///< of the warp group's first row
  Value first;  ///< key
  Value second; ///< key of number 16 of the run, none where it is `first` + 16
};

/// Of a run, from key `begin` on: as if all were keys from `base` on, of which `exist` do, the last
/// one before `most`.
struct Emitter::KeepPiece {
  Value base, begin, exist, most;
};

namespace {

constexpr int64_t keysOfRun = 32;
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
  auto keyAt = [&](Value column) {
    Value chunk = LLVM::UDivOp::create(builder, column, i32(gather));
    Value inChunk = LLVM::SubOp::create(builder, column, multiply(chunk, gather));
    return add(chunkStart(stage, chunk), inChunk);
  };
  auto runAt = [&](Value column) {
    return KeepRun{
        op.getBody(),  analysis, one(op.getBatch()), one(op.getHead()), one(op.getQuery()),
        keyAt(column), Value()};
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
  if (analysis.comparesOnly()) {
    int64_t runs = (columns + keysOfRun - 1) / keysOfRun;
    words = forEach(runs, lanesOfRow, words, [&](Value first, ValueRange before) {
      // The last round's lanes beyond the last run repeat it.
      Value inQuad = LLVM::AndOp::create(builder, lane, i32(lanesOfRow - 1));
      Value own = LLVM::UMinOp::create(builder, add(first, inQuad), i32(runs - 1));
      Value column = multiply(own, keysOfRun);
      KeepRun run = runAt(column);
      if (gather % keysOfRun) {
        // The last run may have one half: of the other no key exists.
        Value half = add(column, keysOfRun / 2);
        run.second = keyAt(LLVM::UMinOp::create(builder, half, i32(columns - keysOfRun / 2)));
        if (columns % keysOfRun) {
          Value isColumn =
              LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, half, i32(columns));
          run.second = LLVM::SelectOp::create(builder, isColumn, run.second,
                                              argument(builder.getI32Type(), layout::keyLength));
        }
      }
      Registers bits = bitsOfRun(run);
      ThreadAnew again(*this);
      return withBits(before, first, bits);
    });
  } else {
    words = forEach(columns, keysAtOnce, words, [&](Value column, ValueRange before) {
      Value word = LLVM::LShrOp::create(builder, column, i32(6));
      Value bits = LLVM::ShlOp::create(builder, bitsOfPairs(runAt(column)),
                                       keptShift(LLVM::AndOp::create(builder, column, i32(63))));
      return withWord(before, word, bits);
    });
  }
  // Holds the words ahead of the wait that follows: LLVM would compute them where they are used.
  give(op.getKept(), pin(words));
}

/// A page has the words of thread 0 of its warp group, then those of thread 1, and so on.
Value Emitter::pageOf(Value number, int64_t words) {
  int64_t pageWords = keptPageWords(kernel.getTileK());
  assert(pageWords == 128 * words && "a page is what the runtime has room for");
  auto wide = [&](Value x) -> Value {
    return LLVM::ZExtOp::create(builder, builder.getI64Type(), x);
  };
  Value inGroup = LLVM::AndOp::create(builder, thread, i32(127));
  Value at =
      LLVM::AddOp::create(builder, LLVM::MulOp::create(builder, wide(number), i64(pageWords)),
                          wide(multiply(inGroup, words)));
  Value pages = argument(LLVM::LLVMPointerType::get(builder.getContext(), 1), layout::kept);
  return LLVM::GEPOp::create(builder, pages.getType(), builder.getI32Type(), pages, ValueRange{at});
}

void Emitter::emitLoadKept(LoadKeptOp op) {
  ThreadAnew anew(*this);
  int64_t words = op.getKept().getType().getRegisters();
  Value page = pageOf(one(op.getPage()), words);
  auto type = VectorType::get({words}, builder.getI32Type());
  int64_t alignment = words % 4 == 0 ? 16 : words % 2 == 0 ? 8 : 4;
  Value loaded = LLVM::LoadOp::create(builder, type, page, unsigned(alignment));
  Registers kept;
  for (int64_t word = 0; word < words; ++word)
    kept.push_back(LLVM::ExtractElementOp::create(builder, loaded, i32(word)));
  give(op.getKept(), kept);
}

void Emitter::emitStoreKept(StoreKeptOp op) {
  Registers kept = held.at(op.getKept());
  Value page = pageOf(one(op.getPage()), int64_t(kept.size()));
  for (auto [index, word] : llvm::enumerate(kept)) {
    Value at = LLVM::GEPOp::create(builder, page.getType(), builder.getI32Type(), page,
                                   ValueRange{i32(int64_t(index))});
    LLVM::StoreOp::create(builder, word, at);
  }
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
/// what a lane found of its run, a word for each row.
Registers Emitter::withBits(ValueRange words, Value first, const Registers &bits) {
  constexpr int64_t runsOfWord = 64 / keysOfRun;
  Registers found(size_t(lanesOfRow / runsOfWord), i32(0));
  for (int64_t run = 0; run < lanesOfRow; ++run)
    for (auto [row, own] : llvm::enumerate(bits)) {
      // From lane `run` of the four.
      Value theirs =
          NVVM::ShflOp::create(builder, own.getType(), fullMask, own, i32(run),
                               i32((32 - lanesOfRow) << 8 | 31), NVVM::ShflKind::idx, UnitAttr());
      Value columns = LLVM::AndOp::create(
          builder, LLVM::LShrOp::create(builder, theirs, columnPair), i32(0x03030303));
      Value shifted =
          LLVM::ShlOp::create(builder, columns, i32(2 * int64_t(row) + run % runsOfWord * 4));
      Value &word = found[size_t(run / runsOfWord)];
      word = LLVM::OrOp::create(builder, word, shifted);
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
  for (int64_t element = 0; element < keysAtOnce / 2; ++element) {
    Value isKept = cloneRegion(
        run.mask, {run.batch, run.head, rows[size_t(rowOf(element))], add(key, columnOf(element))});
    Value bit =
        LLVM::SelectOp::create(builder, isKept, i32(int64_t(1) << keptBit(element)), i32(0));
    bits = LLVM::OrOp::create(builder, bits, bit);
  }
  return bits;
}

Emitter::KeepPiece Emitter::pieceAt(const KeepRun &run, Value begin) {
  KeepPiece piece{run.first, begin, Value(), i32(keysOfRun)};
  if (run.second) {
    constexpr int64_t half = keysOfRun / 2;
    Value isFirst = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, begin, i32(half));
    Value second = add(run.second, -half);
    Value isApart = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ne, second, run.first);
    piece.base = LLVM::SelectOp::create(builder, isFirst, run.first, second);
    piece.most = LLVM::SelectOp::create(builder, LLVM::AndOp::create(builder, isFirst, isApart),
                                        i32(half), i32(keysOfRun));
  }
  piece.exist = existing(piece.base, piece.most);
  return piece;
}

/// Of so many keys from `first` on.
Value Emitter::existing(Value first, Value most) {
  Value length = argument(builder.getI32Type(), layout::keyLength);
  Value left = LLVM::SMaxOp::create(builder, LLVM::SubOp::create(builder, length, first), i32(0));
  return LLVM::SMinOp::create(builder, left, most);
}

/// A word for each row. The run is made of steady pieces, one for most: its bits are those that the
/// first key of the first piece gives, from the second piece on those of its first key, and so on
/// to the last key there is; of a stage's padding there is none. The lanes go on together while one
/// of them has another piece.
Registers Emitter::bitsOfRun(const KeepRun &run) {
  // That of ThreadAnew: no piece begins beyond key 32.
  auto zeroOf = [&](Value begin) -> Value {
    return LLVM::LShrOp::create(builder, pin({begin}).front(), i32(6));
  };
  auto less = [&](Value a, Value b) -> Value {
    return LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, a, b);
  };
  auto evaluate = [&](OpBuilder &, Location, ValueRange carried) {
    Value begin = carried[0];
    ThreadAnew anew(*this, zeroOf(begin));
    KeepPiece piece = pieceAt(run, begin);
    Registers next{begin};
    for (auto [row, before] : llvm::zip(rowsOf(run.query), carried.drop_front())) {
      Value earlier = LLVM::AndOp::create(builder, before, lowBits(builder, begin));
      Value bits = shiftUp(builder, bitsFrom(run, piece, row), begin);
      next.push_back(LLVM::OrOp::create(builder, earlier, bits));
    }
    auto never = LLVM::ConstantOp::create(builder, builder.getI1Type(), builder.getBoolAttr(false));
    Value isCut = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq,
                                       isSteady(run, piece, add(piece.exist, -1)), never);
    if (run.second) // the other half may be of another chunk
      isCut = LLVM::OrOp::create(builder, isCut, less(piece.most, i32(keysOfRun)));
    isCut = LLVM::AndOp::create(builder, less(begin, piece.exist), isCut);
    Value goesOn = NVVM::VoteSyncOp::create(builder, builder.getI1Type(), fullMask, isCut,
                                            NVVM::VoteSyncKind::any);
    scf::ConditionOp::create(builder, goesOn, next);
  };
  auto advance = [&](OpBuilder &, Location, ValueRange carried) {
    ThreadAnew anew(*this, zeroOf(carried[0]));
    KeepPiece piece = pieceAt(run, carried[0]);
    Value end = pieceEnd(run, piece);
    Registers next(carried);
    next.front() = LLVM::SelectOp::create(builder, less(end, piece.exist), end, piece.most);
    scf::YieldOp::create(builder, next);
  };
  Registers start(3, i32(0));
  auto loop = scf::WhileOp::create(builder, SmallVector<Type>(3, builder.getI32Type()), start,
                                   evaluate, advance);
  Value half = i32(keysOfRun / 2);
  Value exist = lowBits(builder, existing(run.first, run.second ? half : i32(keysOfRun)));
  if (run.second) {
    Value others = lowBits(builder, existing(run.second, half));
    exist = LLVM::OrOp::create(builder, exist, LLVM::ShlOp::create(builder, others, half));
  }
  Registers bits;
  for (Value word : loop.getResults().drop_front())
    bits.push_back(LLVM::AndOp::create(builder, word, exist));
  return bits;
}

/// The number of the first key that is not of the steady piece. The lanes that hold the same
/// columns try one key in four each, then those of the four between.
Value Emitter::pieceEnd(const KeepRun &run, const KeepPiece &piece) {
  constexpr int64_t few = keysOfRun / lanesOfColumn;
  Value inQuad = LLVM::AndOp::create(builder, lane, i32(lanesOfRow - 1));
  Value inColumn = LLVM::LShrOp::create(builder, lane, i32(2));
  auto countOf = [&](Value at, int64_t lanes) -> Value {
    Value isBefore = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, at, piece.begin);
    Value holds = LLVM::OrOp::create(builder, isBefore, isSteady(run, piece, at));
    Value all = NVVM::VoteSyncOp::create(builder, builder.getI32Type(), fullMask, holds,
                                         NVVM::VoteSyncKind::ballot);
    Value ofRun = LLVM::AndOp::create(builder, LLVM::LShrOp::create(builder, all, inQuad),
                                      i32(0x11111111 & ((int64_t(1) << (lanesOfRow * lanes)) - 1)));
    return LLVM::CtPopOp::create(builder, ofRun);
  };
  Value start = multiply(countOf(add(multiply(inColumn, few), few - 1), lanesOfColumn), few);
  Value inFew = LLVM::AndOp::create(builder, inColumn, i32(few - 1));
  return add(start, countOf(add(start, inFew), few));
}

/// Whether a steady piece (RunAnalysis) reaches to key `to` of the run. It depends on the keys
/// alone.
Value Emitter::isSteady(const KeepRun &run, const KeepPiece &piece, Value to) {
  IRMapping ends[2];
  for (auto [end, key] : llvm::zip(ends, std::array{piece.begin, to})) {
    end.map(run.mask.getArguments().take_front(2), ValueRange{run.batch, run.head});
    end.map(run.mask.getArgument(3), add(piece.base, key));
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
  Value distance = LLVM::SubOp::create(builder, to, piece.begin);
  for (Operation *clamp : run.analysis.clamps())
    require(add(at(clamp, 0), distance), at(clamp, 1));
  return steady;
}

/// The bits of a row from the piece's first key on, as far as it is steady. What is
/// constant or linear over it is evaluated at its first key; what varies are words with a bit a
/// key.
Value Emitter::bitsFrom(const KeepRun &run, const KeepPiece &piece, Value row) {
  IRMapping atFirst;
  atFirst.map(run.mask.getArguments(),
              ValueRange{run.batch, run.head, row, add(piece.base, piece.begin)});
  for (Operation &op : run.mask.front().without_terminator())
    if (!isa<ht::ParameterOp>(op) && llvm::all_of(op.getResults(), [&](Value result) {
          return run.analysis.of(result).form != OverRun::Form::Varying;
        }))
      cloneScalar(op, atFirst);
  auto value = [&](Value original) {
    return atFirst.contains(original) ? atFirst.lookup(original) : one(original);
  };
  return RunBits(builder, run.analysis, value, keysOfRun).of(run.mask);
}

} // namespace halftone::hop
