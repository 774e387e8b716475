// Verifiers of the mma dialect: what the hardware forbids, in sentences.
#include "codegen/Dialect/Mma/MmaDialect.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace halftone::mma;

#define GET_OP_CLASSES
#include "codegen/Dialect/Mma/MmaOps.cpp.inc"

namespace {

/// A position inside a tile or fragment: a multiple of `unit` below `size`.
LogicalResult verifyPosition(Operation *op, StringRef what, int64_t position, int64_t unit,
                             int64_t size) {
  if (position % unit)
    return op->emitOpError() << "needs a " << what << " that is a multiple of " << unit << ", not "
                             << position;
  if (position + unit > size)
    return op->emitOpError() << "reads from " << what << " " << position << " on, past the end at "
                             << size;
  return success();
}

LogicalResult verifyRole(Operation *op, StringRef what, FragmentType type, Role role) {
  if (type.getRole() == role)
    return success();
  return op->emitOpError() << "needs " << what << " in the role of " << stringifyRole(role)
                           << ", not " << type;
}

LogicalResult verifyFragment(Operation *op, StringRef what, FragmentType type, int64_t rows,
                             int64_t columns, Type element, Role role) {
  if (failed(verifyRole(op, what, type, role)))
    return failure();
  auto expected = FragmentType::get(op->getContext(), rows, columns, element, role);
  if (type == expected)
    return success();
  return op->emitOpError() << "needs " << what << " of type " << expected << ", not " << type;
}

/// cp.async and 16-byte stores: every thread takes the same number of chunks.
LogicalResult verifyThreads(Operation *op, SharedType tile, int64_t threads) {
  if (threads < 32 || (threads & (threads - 1)))
    return op->emitOpError() << "needs a power of two of threads, 32 or more, not " << threads;
  int64_t rows = tile.getCopyRows(threads);
  if (tile.getRows() % rows)
    return op->emitOpError() << "cannot share " << tile << " among " << threads
                             << " threads evenly: they take " << rows
                             << " rows at once, and the tile has " << tile.getRows();
  return success();
}

} // namespace

LogicalResult SharedTileOp::verify() {
  if (getOffset() % 128)
    return emitOpError() << "needs an offset that is a multiple of 128 bytes, not " << getOffset()
                         << ": the swizzle counts on it";
  return success();
}

LogicalResult CopyOp::verify() { return verifyThreads(*this, getTile().getType(), getThreads()); }

LogicalResult StoreOp::verify() { return verifyThreads(*this, getTile().getType(), getThreads()); }

LogicalResult RewriteOp::verify() {
  return verifyThreads(*this, getTile().getType(), getThreads());
}

LogicalResult LoadLeftOp::verify() {
  SharedType tile = getTile().getType();
  FragmentType type = getFragment().getType();
  if (failed(verifyFragment(*this, "a fragment", type, type.getRows(), 16, tile.getElement(),
                            Role::Left)))
    return failure();
  if (type.getRows() > tile.getRows())
    return emitOpError() << "reads " << type.getRows() << " rows of a tile that has "
                         << tile.getRows();
  return verifyPosition(*this, "column", getColumn(), 16, tile.getColumns());
}

LogicalResult LoadRightOp::verify() {
  SharedType tile = getTile().getType();
  int64_t depth = getTransposed() ? tile.getColumns() : tile.getRows();
  int64_t columns = getTransposed() ? tile.getRows() : tile.getColumns();
  if (failed(verifyFragment(*this, "a fragment", getFragment().getType(), 16, columns,
                            tile.getElement(), Role::Right)))
    return failure();
  return verifyPosition(*this, getTransposed() ? "column" : "row", getAt(), 16, depth);
}

LogicalResult StageOp::verify() {
  SharedType tile = getTile().getType();
  FragmentType type = getFragment().getType();
  if (failed(verifyFragment(*this, "a fragment", type, type.getRows(), tile.getColumns(),
                            Float32Type::get(getContext()), Role::Accumulator)))
    return failure();
  if (type.getRows() > tile.getRows())
    return emitOpError() << "writes " << type.getRows() << " rows to a tile that has "
                         << tile.getRows();
  return success();
}

LogicalResult FillOp::verify() {
  auto type = dyn_cast<FragmentType>(getResult().getType());
  if (type && !type.getElement().isF32())
    return emitOpError() << "fills f32 accumulators and rows, not " << type;
  return success();
}

LogicalResult MultiplyOp::verify() {
  FragmentType left = getLeft().getType(), right = getRight().getType(), into = getInto().getType();
  if (failed(verifyRole(*this, "a left operand", left, Role::Left)) ||
      failed(verifyRole(*this, "a right operand", right, Role::Right)))
    return failure();
  if (left.getElement() != right.getElement())
    return emitOpError() << "needs operands of one element type, not " << left.getElement()
                         << " and " << right.getElement();
  if (left.getColumns() != right.getRows())
    return emitOpError() << "needs as many columns on the left as rows on the right, not "
                         << left.getColumns() << " and " << right.getRows();
  return verifyFragment(*this, "an accumulator", into, left.getRows(), right.getColumns(),
                        Float32Type::get(getContext()), Role::Accumulator);
}

LogicalResult ReduceOp::verify() {
  FragmentType type = getFragment().getType();
  return verifyFragment(*this, "a fragment", type, getInto().getType().getRows(), type.getColumns(),
                        Float32Type::get(getContext()), Role::Accumulator);
}

LogicalResult NarrowOp::verify() {
  FragmentType type = getFragment().getType(), result = getResult().getType();
  if (failed(verifyFragment(*this, "a fragment", type, type.getRows(), type.getColumns(),
                            Float32Type::get(getContext()), Role::Accumulator)) ||
      failed(verifyRole(*this, "a result", result, Role::Left)) ||
      failed(verifyFragment(*this, "a result", result, type.getRows(), 16, result.getElement(),
                            Role::Left)))
    return failure();
  return verifyPosition(*this, "column", getColumn(), 16, type.getColumns());
}

LogicalResult KeptColumnsOp::verify() {
  FragmentType type = getKept().getType();
  return verifyFragment(*this, "a fragment", type, type.getRows(),
                        getColumns().getType().getColumns(), IntegerType::get(getContext(), 1),
                        Role::Accumulator);
}

LogicalResult ClearRowsOp::verify() {
  FragmentType type = getRight().getType();
  if (failed(verifyFragment(*this, "a right operand", type, 16, type.getColumns(),
                            type.getElement(), Role::Right)))
    return failure();
  return verifyPosition(*this, "bit", getAt(), 16, getColumns().getType().getColumns());
}

//===-- mma.map ------------------------------------------------------------------------------===//

void MapOp::build(OpBuilder &builder, OperationState &state, TypeRange results, ValueRange inputs,
                  ValueRange at) {
  state.addOperands(inputs);
  state.addOperands(at);
  state.addTypes(results);
  state.getOrAddProperties<Properties>().operandSegmentSizes = {int32_t(inputs.size()),
                                                                int32_t(at.size())};
  Block &block = state.addRegion()->emplaceBlock();
  for (Value input : inputs) {
    auto type = dyn_cast<FragmentType>(input.getType());
    block.addArgument(type ? type.getElement() : builder.getF32Type(), input.getLoc());
  }
  for (Value position : at)
    block.addArgument(position.getType(), position.getLoc());
}

Type MapOp::getShape() {
  for (Value input : getInputs())
    if (isa<FragmentType>(input.getType()))
      return input.getType();
  for (Type result : getResultTypes())
    if (isa<FragmentType>(result))
      return result;
  return getInputs().empty() ? getResultTypes().front() : getInputs().front().getType();
}

LogicalResult MapOp::verify() {
  if (getNumResults() == 0)
    return emitOpError() << "needs a result";
  Type shape = getShape();
  auto matrix = dyn_cast<FragmentType>(shape);
  int64_t rows = matrix ? matrix.getRows() : cast<RowsType>(shape).getRows();
  auto fits = [&](Type type, bool rowsAllowed) {
    if (auto other = dyn_cast<FragmentType>(type))
      return matrix && other.isAccumulator() && other.getRows() == rows &&
             other.getColumns() == matrix.getColumns();
    return rowsAllowed && cast<RowsType>(type).getRows() == rows;
  };
  auto elementOf = [&](Type type) -> Type {
    auto fragment = dyn_cast<FragmentType>(type);
    return fragment ? fragment.getElement() : Float32Type::get(getContext());
  };
  SmallVector<Type> arguments, yielded;
  for (Value input : getInputs()) {
    if (!fits(input.getType(), /*rowsAllowed=*/true))
      return emitOpError() << "needs accumulators and rows of the shape of " << shape << ", not "
                           << input.getType();
    arguments.push_back(elementOf(input.getType()));
  }
  for (Type result : getResultTypes()) {
    if (!fits(result, /*rowsAllowed=*/!matrix))
      return emitOpError() << "needs results of the shape of " << shape << ", not " << result;
    yielded.push_back(elementOf(result));
  }
  if (!getAt().empty() && getAt().size() != (matrix ? 2 : 1))
    return emitOpError() << "counts " << (matrix ? "rows and columns" : "rows") << " from "
                         << (matrix ? 2 : 1) << " operands, not " << getAt().size();
  llvm::append_range(arguments, getAt().getTypes());
  Block &block = getBody().front();
  if (block.getArgumentTypes() != TypeRange(arguments))
    return emitOpError() << "has a region over (" << block.getArgumentTypes()
                         << "); it must be over (" << TypeRange(arguments) << ")";
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield)
    return emitOpError() << "has a region that does not end in mma.yield";
  if (yield.getOperandTypes() != TypeRange(yielded))
    return emitOpError() << "has a region that yields (" << yield.getOperandTypes()
                         << "); it must yield (" << TypeRange(yielded) << ")";
  return success();
}
