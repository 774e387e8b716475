// Verifiers of the ht dialect: what the types alone do not say.
#include "codegen/Dialect/Ht/HtDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace halftone::ht;

#define GET_OP_CLASSES
#include "codegen/Dialect/Ht/HtOps.cpp.inc"

namespace {

/// The region's one block must take `arguments` and yield one `result`.
LogicalResult verifyScalarRegion(Operation *op, Region &region, StringRef name, TypeRange arguments,
                                 Type result) {
  if (!region.hasOneBlock())
    return op->emitOpError() << "has a " << name << " region with " << region.getBlocks().size()
                             << " blocks; it must have one";
  Block &block = region.front();
  if (block.getArgumentTypes() != arguments)
    return op->emitOpError() << "has a " << name << " region over (" << block.getArgumentTypes()
                             << "); it must be over (" << arguments << ")";
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield)
    return op->emitOpError() << "has a " << name << " region that does not end in ht.yield";
  if (yield.getOperandTypes() != TypeRange(result))
    return op->emitOpError() << "has a " << name << " region that yields ("
                             << yield.getOperandTypes() << "); it must yield (" << result << ")";
  return success();
}

/// (batch, head, query, key) as i32, after `first` if given.
SmallVector<Type> pairArguments(MLIRContext *context, Type first = {}) {
  SmallVector<Type> types(4, IntegerType::get(context, 32));
  if (first)
    types.insert(types.begin(), first);
  return types;
}

LogicalResult verifyMatrix(Operation *op, TileType tile, StringRef name) {
  if (!tile.isMatrix())
    return op->emitOpError() << "needs " << name << " of two dimensions, not " << tile;
  return success();
}

LogicalResult verifyElement(Operation *op, TileType tile, Type element, StringRef name) {
  if (tile.getElement() != element)
    return op->emitOpError() << "needs " << name << " of " << element << ", not " << tile;
  return success();
}

/// `column` must have one f32 for every row of `matrix`.
LogicalResult verifyRowValues(Operation *op, TileType column, TileType matrix, StringRef name) {
  auto expected =
      TileType::get(op->getContext(), {matrix.getRows()}, Float32Type::get(op->getContext()));
  if (column != expected)
    return op->emitOpError() << "needs " << name << " of one f32 a row, " << expected << ", not "
                             << column;
  return success();
}

LogicalResult verifyElementType(Operation *op, Type element) {
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return op->emitOpError() << "has element " << element << "; it must be f32, f16 or bf16";
  return success();
}

LogicalResult verifyHeadDim(Operation *op, uint32_t headDim) {
  if (headDim == 0 || headDim > 256 || headDim % 8 != 0)
    return op->emitOpError() << "has head_dim " << headDim
                             << "; it must be a multiple of 8 from 8 to 256";
  return success();
}

/// A tile that is read from or written to memory: [rows, head_dim] of the enclosing kernel.
LogicalResult verifyTensorTile(Operation *op, TileType tile, std::optional<Operand> operand) {
  if (failed(verifyMatrix(op, tile, "a tile")))
    return failure();
  auto kernel = op->getParentOfType<KernelOp>();
  if (!kernel)
    return op->emitOpError() << "must be inside ht.kernel";
  if (tile.getColumns() != int64_t(kernel.getHeadDim()))
    return op->emitOpError() << "has " << tile.getColumns() << " columns; the kernel's head_dim is "
                             << kernel.getHeadDim();
  bool ofQueries = !operand || *operand == Operand::Query || *operand == Operand::Output;
  int64_t rows = ofQueries ? kernel.getTileQ() : kernel.getTileK();
  if (tile.getRows() != rows)
    return op->emitOpError() << "has " << tile.getRows() << " rows; the kernel's "
                             << (ofQueries ? "tile_q" : "tile_k") << " is " << rows;
  return success();
}

} // namespace

LogicalResult ArgumentOp::verify() {
  bool isReal = getWhich() == Argument::Scale || getWhich() == Argument::Softcap;
  Type expected =
      isReal ? Type(Float32Type::get(getContext())) : Type(IntegerType::get(getContext(), 32));
  if (getValue().getType() != expected)
    return emitOpError() << "'" << stringifyArgument(getWhich()) << "' is " << expected << ", not "
                         << getValue().getType();
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyHeadDim(*this, getHeadDim())) || failed(verifyElementType(*this, getElement())))
    return failure();
  Type real = Float32Type::get(getContext());
  if (!getMask().empty() &&
      failed(verifyScalarRegion(*this, getMask(), "mask", pairArguments(getContext()),
                                IntegerType::get(getContext(), 1))))
    return failure();
  if (!getScore().empty() && failed(verifyScalarRegion(*this, getScore(), "score",
                                                       pairArguments(getContext(), real), real)))
    return failure();
  return success();
}

LogicalResult KernelOp::verify() {
  if (failed(verifyHeadDim(*this, getHeadDim())) || failed(verifyElementType(*this, getElement())))
    return failure();
  for (auto [name, value] : {std::pair{"tile_q", getTileQ()},
                             {"tile_k", getTileK()},
                             {"stages", getStages()},
                             {"warps", getWarps()}})
    if (value == 0)
      return emitOpError() << "has " << name << " 0; it must be positive";
  if (getBody().front().getNumArguments() != 0)
    return emitOpError() << "has a body with " << getBody().front().getNumArguments()
                         << " arguments; it must have none";
  return success();
}

LogicalResult LoadTileOp::verify() {
  if (getOperand() == Operand::Output)
    return emitOpError() << "cannot load 'output': it is only stored";
  auto kernel = (*this)->getParentOfType<KernelOp>();
  if (kernel && failed(verifyElement(*this, getTile().getType(), kernel.getElement(), "a tile")))
    return failure();
  return verifyTensorTile(*this, getTile().getType(), getOperand());
}

LogicalResult ForKeyTilesOp::verify() {
  Block &body = getBody().front();
  SmallVector<Type> expected(getInit().getTypes());
  expected.insert(expected.begin(), IntegerType::get(getContext(), 32));
  if (body.getArgumentTypes() != TypeRange(expected))
    return emitOpError() << "has a body over (" << body.getArgumentTypes()
                         << "); it must be over the key row and the carried tiles ("
                         << TypeRange(expected) << ")";
  if (getResultTypes() != getInit().getTypes())
    return emitOpError() << "gives (" << getResultTypes() << ") and carries ("
                         << getInit().getTypes() << "); they must agree";
  auto yield = body.empty() ? YieldOp() : dyn_cast<YieldOp>(body.back());
  if (!yield)
    return emitOpError() << "has a body that does not end in ht.yield";
  if (yield->getOperandTypes() != getResultTypes())
    return emitOpError() << "yields (" << yield->getOperandTypes() << ") and gives ("
                         << getResultTypes() << "); they must agree";
  return success();
}

LogicalResult ProductOp::verify() {
  TileType a = getA().getType(), b = getB().getType(), result = getResult().getType();
  if (failed(verifyMatrix(*this, a, "a")) || failed(verifyMatrix(*this, b, "b")))
    return failure();
  if (a.getElement() != b.getElement())
    return emitOpError() << "multiplies " << a.getElement() << " by " << b.getElement()
                         << "; the elements must agree";
  int64_t depth = getTransposeB() ? b.getColumns() : b.getRows();
  if (a.getColumns() != depth)
    return emitOpError() << "sums over " << a.getColumns() << " columns of a and " << depth
                         << (getTransposeB() ? " columns" : " rows") << " of b; they must agree";
  int64_t columns = getTransposeB() ? b.getRows() : b.getColumns();
  auto expected =
      TileType::get(getContext(), {a.getRows(), columns}, Float32Type::get(getContext()));
  if (result != expected)
    return emitOpError() << "gives " << expected << ", not " << result;
  if (getInto() && getInto().getType() != result)
    return emitOpError() << "adds " << result << " into " << getInto().getType()
                         << "; they must agree";
  return success();
}

LogicalResult ScoreOp::verify() {
  Type real = Float32Type::get(getContext());
  if (failed(verifyMatrix(*this, getScores().getType(), "scores")) ||
      failed(verifyElement(*this, getScores().getType(), real, "scores")))
    return failure();
  return verifyScalarRegion(*this, getBody(), "score", pairArguments(getContext(), real), real);
}

LogicalResult MaskOp::verify() {
  TileType scores = getScores().getType();
  Type truth = IntegerType::get(getContext(), 1);
  if (failed(verifyMatrix(*this, scores, "scores")) ||
      failed(verifyElement(*this, scores, Float32Type::get(getContext()), "scores")))
    return failure();
  auto expected = TileType::get(getContext(), scores.getShape(), truth);
  if (getKept().getType() != expected)
    return emitOpError() << "says " << expected << " kept, not " << getKept().getType();
  return verifyScalarRegion(*this, getBody(), "mask", pairArguments(getContext()), truth);
}

LogicalResult ClearUnkeptOp::verify() {
  TileType values = getValues().getType(), kept = getKept().getType();
  if (failed(verifyMatrix(*this, values, "values")) || failed(verifyMatrix(*this, kept, "kept")) ||
      failed(verifyElement(*this, kept, IntegerType::get(getContext(), 1), "kept")))
    return failure();
  if (kept.getColumns() != values.getRows())
    return emitOpError() << "has " << kept.getColumns() << " columns kept and " << values.getRows()
                         << " rows of values; they must agree";
  return success();
}

LogicalResult SoftmaxStepOp::verify() {
  TileType scores = getScores().getType(), weights = getWeights().getType();
  if (failed(verifyMatrix(*this, scores, "scores")) ||
      failed(verifyElement(*this, scores, Float32Type::get(getContext()), "scores")))
    return failure();
  if (weights.getShape() != scores.getShape() || weights.getElement().isInteger(1))
    return emitOpError() << "gives weights " << weights << " for scores " << scores
                         << "; the shapes must agree and the weights be f32, f16 or bf16";
  return verifyRowValues(*this, getMaximum().getType(), scores, "a maximum");
}

LogicalResult RescaleOp::verify() {
  if (failed(verifyMatrix(*this, getTile().getType(), "a tile")) ||
      failed(verifyElement(*this, getTile().getType(), Float32Type::get(getContext()), "a tile")))
    return failure();
  return verifyRowValues(*this, getFactors().getType(), getTile().getType(), "factors");
}

LogicalResult SoftmaxEndOp::verify() {
  TileType accumulator = getAccumulator().getType();
  if (failed(verifyMatrix(*this, accumulator, "an accumulator")) ||
      failed(verifyElement(*this, accumulator, Float32Type::get(getContext()), "an accumulator")))
    return failure();
  return verifyRowValues(*this, getMaximum().getType(), accumulator, "a maximum");
}

LogicalResult StoreTileOp::verify() {
  if (failed(verifyElement(*this, getTile().getType(), Float32Type::get(getContext()), "a tile")))
    return failure();
  return verifyTensorTile(*this, getTile().getType(), std::nullopt);
}

LogicalResult StoreLseOp::verify() {
  auto kernel = (*this)->getParentOfType<KernelOp>();
  if (!kernel)
    return emitOpError() << "must be inside ht.kernel";
  if (!kernel.getLse())
    return emitOpError() << "is in a kernel that is not marked lse";
  auto expected =
      TileType::get(getContext(), {int64_t(kernel.getTileQ())}, Float32Type::get(getContext()));
  if (getTile().getType() != expected)
    return emitOpError() << "stores " << expected << ", not " << getTile().getType();
  return success();
}
