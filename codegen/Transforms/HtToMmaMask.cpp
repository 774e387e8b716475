// Masks: evaluated for every pair of a partial tile, but looked up once for a tile that lies in one
// block of a block mask.
#include "codegen/Transforms/HtToMma.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;

namespace halftone {
namespace {

/// Whether `value` never falls while the query (or the key) `index` of a mask's body grows and the
/// other stays: then two equal ends mean that it is the same for all indices between.
bool neverFalls(Value value, BlockArgument index) {
  Block *body = index.getOwner();
  if (auto argument = dyn_cast<BlockArgument>(value); argument && argument.getOwner() == body)
    return argument == index || argument.getArgNumber() < 2; // batch and head are the tile's
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != body)
    return true;
  auto isFixed = [&](Value other) {
    Operation *source = other.getDefiningOp();
    return source && (source->getBlock() != body || source->getNumOperands() == 0);
  };
  if (isa<arith::DivUIOp, arith::DivSIOp, arith::ShRUIOp, arith::ShRSIOp>(op))
    return neverFalls(op->getOperand(0), index) && isFixed(op->getOperand(1));
  if (isa<arith::MinUIOp, arith::MinSIOp, arith::ExtUIOp, arith::ExtSIOp, arith::TruncIOp>(op))
    return llvm::all_of(op->getOperands(),
                        [&](Value operand) { return neverFalls(operand, index); });
  return op->getNumOperands() == 0;
}

/// Computes `value` of a mask's body at the insertion point for the arguments that `at` holds.
Value valueAt(Value value, IRMapping &at, Block *body, OpBuilder &builder) {
  if (Value known = at.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != body)
    return value;
  for (Value operand : op->getOperands())
    valueAt(operand, at, body, builder);
  builder.clone(*op, at);
  return at.lookup(value);
}

} // namespace

/// The mask of every pair; what `known` already holds is not computed again.
SmallVector<Value> KernelToMma::mapMask(ht::MaskOp mask, const IRMapping &known) {
  Block &body = mask.getBody().front();
  Value at[] = {ownRow(mapped(mask.getQuery())), mapped(mask.getKey())};
  Type types[] = {typeOf(mask.getResult().getType()), typeOf(mask.getKept().getType())};
  ResultRange results = map(types, mapped(mask.getScores()), at, [&](ValueRange arguments) {
    IRMapping inner = known;
    inner.map(body.getArgument(2), arguments[1]);
    inner.map(body.getArgument(3), arguments[2]);
    for (Operation &op : body.without_terminator())
      if (op.getNumResults() == 0 || !inner.contains(op.getResult(0)))
        builder.clone(op, inner);
    Value kept = inner.lookupOrDefault(body.getTerminator()->getOperand(0));
    Value dropped = real(-std::numeric_limits<float>::infinity());
    Value score = arith::SelectOp::create(builder, kept, arguments[0], dropped);
    return SmallVector<Value>{score, kept};
  });
  return SmallVector<Value>(results);
}

void KernelToMma::lowerMask(ht::MaskOp mask) {
  Block &body = mask.getBody().front();
  IRMapping known = mapping;
  known.map(body.getArgument(0), mapped(mask.getBatch()));
  known.map(body.getArgument(1), mapped(mask.getHead()));
  SmallVector<ht::BlockKeptOp> lookups(body.getOps<ht::BlockKeptOp>());
  bool comparable = llvm::all_of(lookups, [&](ht::BlockKeptOp lookup) {
    return neverFalls(lookup.getQueryBlock(), body.getArgument(2)) &&
           neverFalls(lookup.getKeyBlock(), body.getArgument(3));
  });
  SmallVector<Value> results;
  if (lookups.empty() || !comparable) {
    results = mapMask(mask, known);
  } else {
    // The tile's first and last pair; a search in a table takes hundreds of cycles.
    IRMapping begin = known, end = known;
    Value query = mapped(mask.getQuery()), key = mapped(mask.getKey());
    begin.map(body.getArgument(2), query);
    begin.map(body.getArgument(3), key);
    end.map(body.getArgument(2), arith::AddIOp::create(builder, query, integer(tileQ - 1)));
    end.map(body.getArgument(3), arith::AddIOp::create(builder, key, integer(tileK - 1)));
    Value same;
    for (ht::BlockKeptOp lookup : lookups)
      for (Value block : {lookup.getQueryBlock(), lookup.getKeyBlock()}) {
        Value equal = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                            valueAt(block, begin, &body, builder),
                                            valueAt(block, end, &body, builder));
        same = same ? arith::AndIOp::create(builder, same, equal).getResult() : equal;
      }
    Type types[] = {typeOf(mask.getResult().getType()), typeOf(mask.getKept().getType())};
    auto branch = scf::IfOp::create(builder, types, same, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    IRMapping once = known;
    for (ht::BlockKeptOp lookup : lookups)
      once.map(lookup.getResult(), valueAt(lookup.getResult(), begin, &body, builder));
    scf::YieldOp::create(builder, mapMask(mask, once));
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, mapMask(mask, known));
    results.assign(branch.getResults().begin(), branch.getResults().end());
  }
  set(mask.getResult(), results[0]);
  set(mask.getKept(), results[1]);
}

} // namespace halftone
