#include "codegen/Transforms/HtToVector/RegionLifting.h"

#include "codegen/Transforms/HtToVector/LiftedOperations.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

#include "llvm/ADT/STLExtras.h"

#include <limits>

using namespace mlir;

namespace halftone {

RegionLifting::RegionLifting(Operation *op)
    : op(op), body(op->getRegion(0).front()), isMask(isa<ht::MaskOp>(op)) {
  unsigned first = isMask ? 0 : 1;
  if (!isMask)
    score = body.getArgument(0);
  query = body.getArgument(first + 2);
  key = body.getArgument(first + 3);
  analyse();
}

RegionLifting::Stage RegionLifting::stageOf(Value value) const {
  unsigned dependence = dependences.lookup(value);
  if (!(dependence & OnKey))
    return dependence & OnScore ? Stage::ForPairs : dependence ? Stage::ForRow : Stage::Once;
  if (dependence & (OnQuery | OnScore))
    return Stage::ForPairs;
  return dependence & OnGroup ? Stage::ForGroup : Stage::ForKeys;
}

/// Whether the result stays the same over runs of queries.
static bool isOfGroup(Operation &op) {
  return isa<arith::DivUIOp, arith::DivSIOp, ht::TableOp>(op);
}

void RegionLifting::analyse() {
  dependences[query] = OnQuery;
  dependences[key] = OnKey;
  if (score)
    dependences[score] = OnScore;
  for (Operation &inner : body) {
    unsigned dependence = 0;
    for (Value operand : inner.getOperands()) {
      dependence |= dependences.lookup(operand);
      if (operand.getParentBlock() != &body)
        captures.insert(operand);
    }
    if (dependence == OnQuery && isOfGroup(inner))
      dependence = OnGroup;
    // What the region yields is wanted for every pair.
    Stage stage = Stage::ForPairs;
    for (Value result : inner.getResults()) {
      dependences[result] = dependence;
      stage = stageOf(result);
    }
    for (Value operand : inner.getOperands()) {
      Stage made = stageOf(operand);
      if (stage > Stage::ForRow && made == Stage::ForKeys && operand != key)
        keyValues.insert(operand);
      if (stage == Stage::ForGroup && made == Stage::ForRow)
        groupInputs.insert(operand);
      if (stage == Stage::ForPairs && made == Stage::ForGroup)
        groupValues.insert(operand);
    }
  }
}

LogicalResult RegionLifting::check() {
  for (Operation &inner : body.without_terminator()) {
    bool isScalar = inner.getNumResults() == 1 && (stageOf(inner.getResult(0)) == Stage::Once ||
                                                   stageOf(inner.getResult(0)) == Stage::ForRow);
    if (!isScalar && !isLiftable(inner))
      return inner.emitOpError() << "in " << op->getName() << " cannot be done on vectors of keys";
  }
  return success();
}

/// Truth values are kept as 0 and -1.
static Type storedType(Type type) {
  return type.isInteger(1) ? IntegerType::get(type.getContext(), 32) : type;
}

int64_t RegionLifting::bytesOf(Type type) const {
  int64_t columns = cast<ht::TileType>(op->getOperand(0).getType()).getColumns();
  return columns * storedType(type).getIntOrFloatBitWidth() / 8;
}

int64_t RegionLifting::waitingBytes() const {
  int64_t bytes = 0;
  for (Value value : llvm::concat<const Value>(keyValues, groupValues))
    bytes += bytesOf(value.getType());
  return bytes;
}

/// Writes one routine.
struct RegionLifting::Emission {
  RegionLifting &lifting;
  VectorEmitter &emit;
  ValueRange arguments;
  TileBuffer scores;
  IRMapping scalars; ///< what is the same for a vector of keys

  ImplicitLocOpBuilder &builder() { return emit.builder; }

  /// Clones the operations of a stage as scalars.
  void cloneScalars(Stage stage) {
    for (Operation &inner : lifting.body.without_terminator())
      if (lifting.stageOf(inner.getResult(0)) == stage)
        builder().clone(inner, scalars);
  }

  Value asVector(Value value, const IRMapping &vectors) {
    if (Value vector = vectors.lookupOrNull(value))
      return vector;
    return emit.broadcast(scalars.lookup(value));
  }

  void liftAll(Stage stage, IRMapping &vectors) {
    for (Operation &inner : lifting.body.without_terminator()) {
      if (lifting.stageOf(inner.getResult(0)) != stage)
        continue;
      SmallVector<Value> operands;
      for (Value operand : inner.getOperands())
        operands.push_back(asVector(operand, vectors));
      vectors.map(inner.getResult(0), liftOperation(emit, inner, operands, arguments[0]));
    }
  }

  /// The keys of the vector at `column` of the tile.
  Value keysAt(Value column) {
    auto type = emit.vectorOf(emit.i32());
    SmallVector<int32_t> lanes;
    for (int32_t lane = 0; lane < emit.width; ++lane)
      lanes.push_back(lane);
    Value lane = arith::ConstantOp::create(builder(),
                                           DenseElementsAttr::get(type, ArrayRef<int32_t>(lanes)));
    Value first = emit.add(arguments[7], arith::TruncIOp::create(builder(), emit.i32(), column));
    return emit.add(emit.broadcast(first), lane);
  }

  /// Where a value that is computed ahead waits for the keys at `column`.
  Value waitingAddress(Value wanted, Value column) {
    int64_t offset = 0;
    for (Value value : llvm::concat<const Value>(lifting.keyValues, lifting.groupValues)) {
      if (value == wanted)
        break;
      offset += lifting.bytesOf(value.getType());
    }
    Value start = emit.at(arguments[3], builder().getI8Type(), offset);
    return emit.at(start, storedType(wanted.getType()), column);
  }

  void storeWaiting(const llvm::SetVector<Value> &values, Value column, const IRMapping &vectors) {
    for (Value value : values) {
      Value vector = vectors.lookup(value);
      if (value.getType().isInteger(1))
        vector = arith::ExtSIOp::create(builder(), emit.vectorOf(emit.i32()), vector);
      emit.store(vector, waitingAddress(value, column));
    }
  }

  void loadWaiting(const llvm::SetVector<Value> &values, Value column, IRMapping &vectors) {
    for (Value value : values) {
      Value vector =
          emit.load(emit.vectorOf(storedType(value.getType())), waitingAddress(value, column));
      if (value.getType().isInteger(1))
        vector = arith::CmpIOp::create(builder(), arith::CmpIPredicate::ne, vector,
                                       emit.constant(vector.getType(), 0));
      vectors.map(value, vector);
    }
  }

  void computeKeyValues() {
    emit.loop(0, scores.columns, emit.width, [&](Value column) {
      IRMapping vectors;
      vectors.map(lifting.key, keysAt(column));
      liftAll(Stage::ForKeys, vectors);
      storeWaiting(lifting.keyValues, column, vectors);
    });
  }

  void computeGroupValues() {
    emit.loop(0, scores.columns, emit.width, [&](Value column) {
      IRMapping vectors;
      vectors.map(lifting.key, keysAt(column));
      loadWaiting(lifting.keyValues, column, vectors);
      liftAll(Stage::ForGroup, vectors);
      storeWaiting(lifting.groupValues, column, vectors);
    });
  }

  /// Computes the values of the row's group if it is not the group of the row before.
  void computeGroupValues(Value row, ValueRange before) {
    Value isNew = arith::CmpIOp::create(builder(), arith::CmpIPredicate::eq, row, emit.integer(0));
    for (auto [value, other] : llvm::zip_equal(lifting.groupInputs, before)) {
      Value now = scalars.lookup(value);
      Value differs =
          isa<FloatType>(now.getType())
              ? Value(arith::CmpFOp::create(builder(), arith::CmpFPredicate::UNE, now, other))
              : Value(arith::CmpIOp::create(builder(), arith::CmpIPredicate::ne, now, other));
      isNew = arith::OrIOp::create(builder(), isNew, differs);
    }
    auto ifOp = scf::IfOp::create(builder(), isNew, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder());
    builder().setInsertionPointToStart(ifOp.thenBlock());
    computeGroupValues();
  }

  /// Scores of dropped pairs become -infinity, and the keys of kept ones are noted.
  Value applyMask(Value column, Value loaded, Value isKept) {
    Value address = emit.at(arguments[2], emit.i32(), column);
    Value kept = arith::ExtSIOp::create(builder(), emit.vectorOf(emit.i32()), isKept);
    emit.store(arith::OrIOp::create(builder(), emit.load(kept.getType(), address), kept), address);
    Value dropped = emit.real(loaded.getType(), -std::numeric_limits<double>::infinity());
    return arith::SelectOp::create(builder(), isKept, loaded, dropped);
  }

  void run() {
    unsigned first = lifting.isMask ? 0 : 1;
    scalars.map(lifting.body.getArgument(first), arguments[4]);
    scalars.map(lifting.body.getArgument(first + 1), arguments[5]);
    for (auto [position, value] : llvm::enumerate(lifting.captures))
      scalars.map(value, arguments[8 + position]);
    cloneScalars(Stage::Once);
    if (!lifting.keyValues.empty())
      computeKeyValues();
    if (lifting.isMask)
      emit.loop(0, scores.columns, emit.width, [&](Value column) {
        Type type = emit.vectorOf(emit.i32());
        emit.store(emit.constant(type, 0), emit.at(arguments[2], emit.i32(), column));
      });

    SmallVector<Value> noGroup;
    for (Value value : lifting.groupInputs)
      noGroup.push_back(
          arith::ConstantOp::create(builder(), builder().getZeroAttr(value.getType())));
    emit.loop(emit.integer(0), realRows(), 1, noGroup, [&](Value row, ValueRange before) {
      computeRow(row, before);
      SmallVector<Value> group;
      for (Value value : lifting.groupInputs)
        group.push_back(scalars.lookup(value));
      return group;
    });
  }

  /// Rows that are queries. Those past the length must not keep a key: nothing reads them.
  Value realRows() {
    Value length = ht::ArgumentOp::create(builder(), emit.i32(), ht::Argument::QueryLength);
    Value rest = emit.toI64(arith::SubIOp::create(builder(), length, arguments[6]));
    return arith::MinSIOp::create(builder(), rest, emit.integer(scores.rows));
  }

  void computeRow(Value row, ValueRange groupBefore) {
    scalars.map(lifting.query,
                emit.add(arguments[6], arith::TruncIOp::create(builder(), emit.i32(), row)));
    cloneScalars(Stage::ForRow);
    if (!lifting.groupValues.empty())
      computeGroupValues(row, groupBefore);
    Value result = lifting.body.getTerminator()->getOperand(0);
    Value start =
        emit.at(arguments[1], emit.f32(), emit.multiply(row, emit.integer(scores.stride)));
    emit.loop(0, scores.columns, emit.width, [&](Value column) {
      IRMapping vectors;
      vectors.map(lifting.key, keysAt(column));
      loadWaiting(lifting.keyValues, column, vectors);
      loadWaiting(lifting.groupValues, column, vectors);
      Value address = emit.at(start, emit.f32(), column);
      Value loaded = emit.load(emit.vectorOf(emit.f32()), address);
      if (lifting.score)
        vectors.map(lifting.score, loaded);
      liftAll(Stage::ForPairs, vectors);
      Value answer = asVector(result, vectors);
      emit.store(lifting.isMask ? applyMask(column, loaded, answer) : answer, address);
    });
  }
};

func::FuncOp RegionLifting::routine(TileRoutines &routines, TileBuffer scores) {
  MLIRContext *context = op->getContext();
  Type pointer = routines.pointer(), number = IntegerType::get(context, 32);
  SmallVector<Type> types{pointer, pointer, pointer, pointer, number, number, number, number};
  for (Value value : captures)
    types.push_back(value.getType());
  return routines.define(routines.freshName(isMask ? "mask" : "score"), types,
                         [&](VectorEmitter &emit, ValueRange arguments) {
                           Emission{*this, emit, arguments, scores, {}}.run();
                         });
}

} // namespace halftone
