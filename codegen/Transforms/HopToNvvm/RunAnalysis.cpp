#include "codegen/Transforms/HopToNvvm/RunAnalysis.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace halftone::hop {

using Form = OverRun::Form;

namespace {

bool isQuotient(Operation &op) { return isa<arith::DivUIOp, arith::DivSIOp, arith::ShRUIOp>(op); }

bool isUnsigned(arith::CmpIPredicate predicate) {
  using enum arith::CmpIPredicate;
  return predicate == ult || predicate == ule || predicate == ugt || predicate == uge;
}

/// A comparison that holds up to some key and no further, or from some key on. Without a sign only
/// of the key itself: a difference may pass 0.
bool isOrdering(Operation &op) {
  auto compare = dyn_cast<arith::CmpIOp>(op);
  if (!compare || compare.getPredicate() == arith::CmpIPredicate::eq ||
      compare.getPredicate() == arith::CmpIPredicate::ne)
    return false;
  return !isUnsigned(compare.getPredicate()) || isa<BlockArgument>(compare.getLhs()) ||
         isa<BlockArgument>(compare.getRhs());
}

} // namespace

RunAnalysis::RunAnalysis(Region &region) {
  forms[region.getArgument(2)] = {.dependsOnQuery = true};
  forms[region.getArgument(3)] = {Form::Linear, 1};
  for (Operation &op : region.front().without_terminator()) {
    OverRun form = visit(op);
    for (Value result : op.getResults())
      forms[result] = form;
    if (form.form == Form::Varying)
      onlyComparisons &= isBits(op);
  }
}

OverRun RunAnalysis::of(Value value) const {
  // Everything from outside the region is the same for all pairs.
  return forms.lookup(value);
}

bool RunAnalysis::isBits(Operation &op) const {
  if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    OverRun a = of(compare.getLhs()), b = of(compare.getRhs());
    bool oneLinear = (a.form == Form::Linear && b.form == Form::Constant) ||
                     (a.form == Form::Constant && b.form == Form::Linear);
    return oneLinear && !isUnsigned(compare.getPredicate());
  }
  return op.getResult(0).getType().isInteger(1) &&
         isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp, arith::SelectOp>(op);
}

OverRun RunAnalysis::visit(Operation &op) {
  OverRun joined;
  bool allConstant = true;
  for (Value operand : op.getOperands()) {
    OverRun form = of(operand);
    joined.dependsOnQuery |= form.dependsOnQuery;
    allConstant &= form.form == Form::Constant;
  }
  if (allConstant)
    return joined;
  OverRun varying{Form::Varying, 0, joined.dependsOnQuery};
  if (op.getNumOperands() != 2)
    return varying;
  OverRun a = of(op.getOperand(0)), b = of(op.getOperand(1));
  bool oneLinear = (a.form == Form::Linear) != (b.form == Form::Linear) &&
                   a.form != Form::Varying && b.form != Form::Varying;
  if (!oneLinear)
    return varying;
  int8_t slope = a.form == Form::Linear ? a.slope : b.slope;
  if (isa<arith::AddIOp>(op))
    return {Form::Linear, slope, joined.dependsOnQuery};
  if (isa<arith::SubIOp>(op))
    return {Form::Linear, a.form == Form::Linear ? slope : int8_t(-slope), joined.dependsOnQuery};
  // A root or a clamp is tested at the ends of the run, once for all queries.
  if (joined.dependsOnQuery)
    return varying;
  if ((isQuotient(op) && a.form == Form::Linear) || isOrdering(op)) {
    rootOps.push_back(&op);
    return {};
  }
  if (isa<arith::MinUIOp, arith::MinSIOp, arith::MaxUIOp, arith::MaxSIOp>(op) && slope == 1) {
    clampOps.push_back(&op);
    return {Form::Linear, 1};
  }
  return varying;
}

} // namespace halftone::hop
