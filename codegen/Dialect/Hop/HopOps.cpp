#include "codegen/Dialect/Hop/HopDialect.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace halftone::hop;

#define GET_OP_CLASSES
#include "codegen/Dialect/Hop/HopOps.cpp.inc"

//===-- The thread block ---------------------------------------------------------------------===//

LogicalResult KernelOp::verify() {
  int64_t consumers = getConsumers(), producer = getProducerRegisters(),
          consumer = getConsumerRegisters();
  if (consumers < 1 || consumers > 3)
    return emitOpError() << "has " << consumers << " consumer warp groups; 1 to 3 fit a block";
  // Registers a thread is launched with, so that (consumers + 1) * 128 threads fill the SM's
  // 65,536.
  int64_t launched = consumers == 1 ? 248 : consumers == 2 ? 168 : 128;
  int64_t pool = launched * (consumers + 1), wanted = producer + consumers * consumer;
  if (producer % 8 || consumer % 8 || producer < 24 || consumer > 240)
    return emitOpError() << "asks for " << producer << " and " << consumer
                         << " registers; setmaxnreg takes multiples of 8 from 24 to 240";
  if (wanted > pool)
    return emitOpError() << "asks for " << producer << " + " << consumers << " * " << consumer
                         << " = " << wanted << " registers of a pool of " << pool
                         << ": setmaxnreg would wait forever";
  if (getTileK() % getGather())
    return emitOpError() << "gathers chunks of " << getGather() << " rows, which do not divide the "
                         << getTileK() << " rows of a stage";
  if (getGather() % 16 || getGather() > 256)
    return emitOpError() << "gathers chunks of " << getGather()
                         << " rows; a chunk is a multiple of 16 rows up to 256";
  if (getCluster() != 1 && getCluster() != 2)
    return emitOpError() << "is of clusters of " << getCluster() << " blocks; 1 and 2 can be";
  int64_t panels = (int64_t(getHeadDim()) + 63) / 64;
  if (getCluster() == 2 && panels % 2 != 0)
    return emitOpError() << "has " << panels
                         << " panels of 64 columns, which two blocks cannot share evenly";
  return success();
}

static LogicalResult verifyInCluster(Operation *op) {
  if (auto kernel = op->getParentOfType<KernelOp>(); kernel && kernel.getCluster() == 1)
    return op->emitOpError("is for a kernel of clusters of 2 blocks");
  return success();
}
LogicalResult ClusterArriveOp::verify() { return verifyInCluster(*this); }
LogicalResult SharedStagesOp::verify() { return verifyInCluster(*this); }
LogicalResult ReleaseOp::verify() { return getShared() ? verifyInCluster(*this) : success(); }
LogicalResult ClusterWaitOp::verify() { return verifyInCluster(*this); }

LogicalResult RolesOp::verify() {
  if (getProducer().getNumArguments() != 0)
    return emitOpError("the producer takes no argument");
  if (getConsumer().getNumArguments() != 1 || !getConsumer().getArgument(0).getType().isInteger(32))
    return emitOpError("the consumer takes the number of its warp group (i32)");
  return success();
}

LogicalResult KeepingOp::verify() {
  if (getBody().getNumArguments() != 1 || !getBody().getArgument(0).getType().isInteger(32))
    return emitOpError("takes the number of the warp group (i32)");
  return success();
}

LogicalResult StoreKeptOp::verify() {
  if (!getOperation()->getParentOfType<KeepingOp>())
    return emitOpError("belongs to hop.keeping: every other launch reads the pages");
  return success();
}

//===-- Rings --------------------------------------------------------------------------------===//

LogicalResult CopyOp::verify() {
  if (getOperand() != ht::Operand::Key && getOperand() != ht::Operand::Value)
    return emitOpError("fills rings with key or value rows; queries are loaded by hop.load_query");
  if (!getOperation()->getParentOfType<RolesOp>() ||
      getOperation()->getParentRegion()->isAncestor(
          &getOperation()->getParentOfType<RolesOp>().getConsumer()))
    return emitOpError("belongs to the producer");
  return getShared() ? verifyInCluster(*this) : success();
}

static LogicalResult verifyByGroup(Operation *op, StringRef lack) {
  if (auto kernel = op->getParentOfType<KernelOp>(); kernel && !kernel.getGroupLists())
    return op->emitOpError("is for a kernel with group_lists: other plans have no such ") << lack;
  return success();
}
LogicalResult LoadUseOp::verify() { return verifyByGroup(*this, "word"); }
LogicalResult WholeStagesOp::verify() { return verifyByGroup(*this, "count"); }

LogicalResult AwaitSlotOp::verify() {
  if (getRing().getType().getTile() != getTile().getType())
    return emitOpError() << "gives " << getTile().getType() << " of a ring of "
                         << getRing().getType().getTile();
  return success();
}

//===-- Matrix ops ---------------------------------------------------------------------------===//

/// The product whose accumulator `value` is while its matrix ops are in flight; none once a wait
/// has finished it. A wait passes on the accumulators of groups that were committed after its own.
static ProductOp inFlight(Value value) {
  if (auto product = value.getDefiningOp<ProductOp>())
    return product;
  auto wait = value.getDefiningOp<WaitOp>();
  if (!wait)
    return {};
  ProductOp product = inFlight(wait.getAccumulators()[cast<OpResult>(value).getResultNumber()]);
  auto finished = wait.getToken().getDefiningOp<ProductOp>();
  bool goesOn = product && finished && product->getBlock() == finished->getBlock() &&
                finished->isBeforeInBlock(product);
  return goesOn ? product : ProductOp();
}

LogicalResult ProductOp::verify() {
  auto result = getResult().getType();
  auto b = getB().getType();
  int64_t rows, depth;
  Type element;
  if (auto tile = dyn_cast<TileType>(getA().getType())) {
    rows = tile.getRows(), depth = tile.getColumns(), element = tile.getElement();
  } else {
    auto frag = cast<FragType>(getA().getType());
    rows = 64, depth = frag.getColumns(), element = frag.getElement();
  }
  if (rows != 64)
    return emitOpError() << "multiplies 64 rows at once, not " << rows << ": take them by hop.rows";
  int64_t columns = getTransposeB() ? b.getRows() : b.getColumns();
  int64_t shared = getTransposeB() ? b.getColumns() : b.getRows();
  if (shared != depth)
    return emitOpError() << "sums over " << depth << " columns of a and " << shared << " of b";
  if (element != b.getElement())
    return emitOpError() << "multiplies " << element << " by " << b.getElement();
  if (!result.getElement().isF32() || !result.isMatrix() || result.getColumns() != columns)
    return emitOpError() << "gives 64x" << columns << "xf32, not " << result;
  if (getInto() && getInto().getType() != result)
    return emitOpError() << "adds to " << getInto().getType() << " and gives " << result;
  // In flight: only a wait may touch the accumulator, and only one in this block can count groups.
  for (Operation *user : getResult().getUsers())
    if (!isa<WaitOp>(user))
      return emitOpError() << "is still in flight where " << user->getName()
                           << " uses its accumulator: wait for its token first";
  WaitOp own;
  for (Operation *user : getToken().getUsers())
    if (auto wait = dyn_cast<WaitOp>(user))
      own = wait;
  if (!own || own->getBlock() != (*this)->getBlock())
    return emitOpError("needs a hop.wait on its token in the same block");
  // The group reads the registers of a fragment until it is done.
  if (isa<FragType>(getA().getType()) && !llvm::is_contained(own.getReading(), getA()))
    return emitOpError(
        "reads a fragment that its wait does not name: its registers could be redefined");
  return success();
}

LogicalResult WaitOp::verify() {
  if (getAccumulators().getTypes() != getResults().getTypes())
    return emitOpError("gives its accumulators back, types unchanged");
  auto product = getToken().getDefiningOp<ProductOp>();
  if (!product)
    return emitOpError("waits for the token of a hop.product");
  if (llvm::none_of(getAccumulators(), [&](Value value) { return inFlight(value) == product; }))
    return emitOpError("does not name the accumulator of the product it waits for");
  for (Value result : getResults())
    if (inFlight(result))
      for (Operation *user : result.getUsers())
        if (!isa<WaitOp>(user))
          return emitOpError() << "passes on an accumulator that is still in flight where "
                               << user->getName() << " uses it: wait for its token first";
  return success();
}

unsigned WaitOp::groupsAfter(WaitOp wait) {
  unsigned groups = 0;
  for (Operation *op = wait.getToken().getDefiningOp()->getNextNode(); op && op != wait;
       op = op->getNextNode())
    groups += isa<ProductOp>(op);
  return groups;
}

LogicalResult MaskOp::verify() {
  if (getScores().getType().getColumns() != getKept().getType().getColumns())
    return emitOpError() << "masks " << getScores().getType().getColumns() << " columns by "
                         << getKept().getType().getColumns();
  return success();
}

LogicalResult PackOp::verify() {
  auto values = getValues().getType(), packed = getPacked().getType();
  if (!values.getElement().isF32() || packed.getElement().isF32() ||
      values.getShape() != packed.getShape())
    return emitOpError() << "rounds f32 to a 16-bit fragment of the same shape, not " << values
                         << " to " << packed;
  return success();
}
