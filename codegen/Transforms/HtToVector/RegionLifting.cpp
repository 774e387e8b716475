#include "codegen/Transforms/HtToVector/RegionLifting.h"

#include "codegen/Transforms/HtToVector/LiftedOperations.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

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

RegionLifting::Dependence RegionLifting::dependenceOf(Value value) const {
  auto found = dependences.find(value);
  return found == dependences.end() ? None : found->second;
}

void RegionLifting::analyse() {
  dependences[query] = OnQuery;
  dependences[key] = OnKey;
  if (score)
    dependences[score] = OnPair;
  for (Operation &inner : body) {
    unsigned dependence = None;
    for (Value operand : inner.getOperands()) {
      dependence |= dependenceOf(operand);
      if (operand.getParentBlock() != &body)
        captures.insert(operand);
    }
    // What the region yields is wanted for every pair.
    bool isForPairs = dependence == OnPair || inner.hasTrait<OpTrait::IsTerminator>();
    for (Value operand : inner.getOperands())
      if (isForPairs && operand != key && dependenceOf(operand) == OnKey)
        keyValues.insert(operand);
    for (Value result : inner.getResults())
      dependences[result] = Dependence(dependence);
  }
}

LogicalResult RegionLifting::check() {
  for (Operation &inner : body.without_terminator())
    if (inner.getNumResults() != 1 ||
        ((dependenceOf(inner.getResult(0)) & OnKey) && !isLiftable(inner)))
      return inner.emitOpError() << "in " << op->getName() << " cannot be done on vectors of keys";
  return success();
}

/// Truth values are kept as 0 and -1.
static Type storedType(Type type) {
  return type.isInteger(1) ? IntegerType::get(type.getContext(), 32) : type;
}

int64_t RegionLifting::bytesOfKeyValue(Type type) const {
  int64_t columns = cast<ht::TileType>(op->getOperand(0).getType()).getColumns();
  return columns * storedType(type).getIntOrFloatBitWidth() / 8;
}

int64_t RegionLifting::keyValueBytes() const {
  int64_t bytes = 0;
  for (Value value : keyValues)
    bytes += bytesOfKeyValue(value.getType());
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

  /// Clones the operations that depend on `dependence` and nothing else, as scalars.
  void cloneScalars(Dependence dependence) {
    for (Operation &inner : lifting.body.without_terminator())
      if (lifting.dependenceOf(inner.getResult(0)) == dependence)
        builder().clone(inner, scalars);
  }

  Value asVector(Value value, const IRMapping &vectors) {
    if (Value vector = vectors.lookupOrNull(value))
      return vector;
    return emit.broadcast(scalars.lookup(value));
  }

  void liftAll(Dependence dependence, IRMapping &vectors) {
    for (Operation &inner : lifting.body.without_terminator()) {
      if (lifting.dependenceOf(inner.getResult(0)) != dependence)
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

  /// Calls `visit(value, address)` for every value kept for the keys at `column`.
  void forKeyValues(Value column, function_ref<void(Value, Value)> visit) {
    int64_t offset = 0;
    for (Value value : lifting.keyValues) {
      Value start = emit.at(arguments[3], builder().getI8Type(), offset);
      visit(value, emit.at(start, storedType(value.getType()), column));
      offset += lifting.bytesOfKeyValue(value.getType());
    }
  }

  void computeKeyValues() {
    emit.loop(0, scores.columns, emit.width, [&](Value column) {
      IRMapping vectors;
      vectors.map(lifting.key, keysAt(column));
      liftAll(OnKey, vectors);
      forKeyValues(column, [&](Value value, Value address) {
        Value vector = vectors.lookup(value);
        if (value.getType().isInteger(1))
          vector = arith::ExtSIOp::create(builder(), emit.vectorOf(emit.i32()), vector);
        emit.store(vector, address);
      });
    });
  }

  IRMapping loadKeyValues(Value column) {
    IRMapping vectors;
    vectors.map(lifting.key, keysAt(column));
    forKeyValues(column, [&](Value value, Value address) {
      Value vector = emit.load(emit.vectorOf(storedType(value.getType())), address);
      if (value.getType().isInteger(1))
        vector = arith::CmpIOp::create(builder(), arith::CmpIPredicate::ne, vector,
                                       emit.constant(vector.getType(), 0));
      vectors.map(value, vector);
    });
    return vectors;
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
    cloneScalars(None);
    if (!lifting.keyValues.empty())
      computeKeyValues();
    if (lifting.isMask)
      emit.loop(0, scores.columns, emit.width, [&](Value column) {
        Type type = emit.vectorOf(emit.i32());
        emit.store(emit.constant(type, 0), emit.at(arguments[2], emit.i32(), column));
      });

    Value result = lifting.body.getTerminator()->getOperand(0);
    emit.loop(0, scores.rows, 1, [&](Value row) {
      scalars.map(lifting.query,
                  emit.add(arguments[6], arith::TruncIOp::create(builder(), emit.i32(), row)));
      cloneScalars(OnQuery);
      Value start =
          emit.at(arguments[1], emit.f32(), emit.multiply(row, emit.integer(scores.stride)));
      emit.loop(0, scores.columns, emit.width, [&](Value column) {
        IRMapping vectors = loadKeyValues(column);
        Value address = emit.at(start, emit.f32(), column);
        Value loaded = emit.load(emit.vectorOf(emit.f32()), address);
        if (lifting.score)
          vectors.map(lifting.score, loaded);
        liftAll(OnPair, vectors);
        Value answer = asVector(result, vectors);
        emit.store(lifting.isMask ? applyMask(column, loaded, answer) : answer, address);
      });
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
