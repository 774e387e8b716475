// Structured control flow, rebuilt around the registers of what it carries.
#include "codegen/Transforms/HopToNvvm/Emitter.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace halftone::hop {

SmallVector<Type> Emitter::registerTypes(Type type) {
  if (auto frag = dyn_cast<FragType>(type)) {
    Type element = frag.getElement();
    Type held = element.isF32() ? element : builder.getI32Type();
    return SmallVector<Type>(frag.getRegisters(), held);
  }
  if (auto kept = dyn_cast<KeptType>(type))
    return SmallVector<Type>(kept.getRegisters(), builder.getI32Type());
  if (isa<SlotType>(type))
    return {builder.getI32Type(), builder.getI32Type()};
  if (isa<StageType>(type))
    return {builder.getI32Type(), builder.getI32Type()};
  if (isa<TileType>(type))
    return {builder.getI32Type()};
  if (isa<TokenType>(type))
    return {};
  return {type};
}

Registers Emitter::take(ValueRange values) {
  Registers all;
  for (Value value : values)
    llvm::append_range(all, held.at(value));
  return all;
}

Value Emitter::one(Value value) {
  // A value of the entry block of the module's function (none today) or a mapped scalar.
  auto found = held.find(value);
  assert(found != held.end() && found->second.size() == 1 && "not a scalar");
  return found->second.front();
}

/// Gives each of `to` its share of the registers.
void Emitter::distribute(ValueRange registers, ValueRange to) {
  for (Value value : to) {
    size_t count = registerTypes(value.getType()).size();
    give(value, Registers(registers.take_front(count)));
    registers = registers.drop_front(count);
  }
}

void Emitter::emitBlock(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(emitOp(&op)))
      op.emitError("internal: hop-to-nvvm has no lowering for this operation");
  auto yield = cast<scf::YieldOp>(block.getTerminator());
  Registers yielded = take(yield.getResults());
  scf::YieldOp::create(builder, yielded);
}

void Emitter::emitFor(scf::ForOp loop) {
  SmallVector<Value> bounds;
  for (Value bound : {loop.getLowerBound(), loop.getUpperBound(), loop.getStep()})
    bounds.push_back(one(bound));
  auto lowered =
      scf::ForOp::create(builder, bounds[0], bounds[1], bounds[2], take(loop.getInitArgs()));
  give(loop.getInductionVar(), {lowered.getInductionVar()});
  distribute(lowered.getRegionIterArgs(), loop.getRegionIterArgs());
  {
    OpBuilder::InsertionGuard guard(builder);
    if (!lowered.getBody()->empty() && lowered.getBody()->back().hasTrait<OpTrait::IsTerminator>())
      lowered.getBody()->back().erase();
    builder.setInsertionPointToEnd(lowered.getBody());
    emitBlock(*loop.getBody());
  }
  distribute(lowered.getResults(), loop.getResults());
}

void Emitter::emitIf(scf::IfOp branch) {
  SmallVector<Type> types;
  for (Type type : branch.getResultTypes())
    llvm::append_range(types, registerTypes(type));
  auto lowered =
      scf::IfOp::create(builder, types, one(branch.getCondition()),
                        /*addThenBlock=*/true, /*addElseBlock=*/branch.elseBlock() != nullptr);
  auto fill = [&](Block *from, Block *to) {
    OpBuilder::InsertionGuard guard(builder);
    if (!to->empty())
      to->back().erase();
    builder.setInsertionPointToEnd(to);
    emitBlock(*from);
  };
  fill(branch.thenBlock(), lowered.thenBlock());
  if (branch.elseBlock())
    fill(branch.elseBlock(), lowered.elseBlock());
  distribute(lowered.getResults(), branch.getResults());
}

} // namespace halftone::hop
