// What a consumer warp group of a hop.kernel does where each has its own list of stages.
#include "codegen/Transforms/HtToHop.h"

using namespace mlir;

namespace halftone {

/// All walk the stages of the tile in order, and hand those back unread that their own rows keep
/// nothing of. Which ones comes with the stages, one word each, the same for all: the slot at hand,
/// and with it the address of its tile, stays uniform. Most stages of most masks are whole for all,
/// and come first: their loop reads no such word.
void HopBuilder::buildGrouped() {
  startConsumer();
  SmallVector<Value> state{fill(outputType(), 0), fill(rowType(), lowest), fill(rowType(), 0),
                           hop::FirstSlotOp::create(builder, slotType())};
  Value from = addI(item.getFirst(), hop::WholeStagesOp::create(builder, builder.getI32Type()));
  state = wholeLoop(item.getFirst(), from, state);
  readScalars();
  Value to = addI(item.getFirst(), item.getFull());
  state.push_back(hop::LoadUseOp::create(builder, builder.getI32Type(), from));
  if (options.masked)
    to = addI(to, item.getPartial());
  state = groupedLoop(from, to, state, options.masked);
  finish(state[0], state[1], state[2]);
}

/// Stages by their number in the plan. state: output, maximum, sum, slot.
SmallVector<Value> HopBuilder::wholeLoop(Value from, Value to, ArrayRef<Value> state) {
  auto loop = scf::ForOp::create(builder, from, to, i32(1), state,
                                 [&](OpBuilder &, Location, Value stage, ValueRange carried) {
                                   Value slot = carried[3];
                                   SmallVector<Value> after = finishStage(
                                       multiplyKeys(slot), slot, stage, stage, carried,
                                       [](Value scores) { return scores; },
                                       /*masked=*/false, [] {});
                                   after.push_back(next(slot, keys));
                                   scf::YieldOp::create(builder, after);
                                 });
  return SmallVector<Value>(loop.getResults());
}

/// state: output, maximum, sum, slot, and the use of the stage, which is read one stage ahead: at
/// once, or beside a mask, where no register holds it, when the scores are weights.
SmallVector<Value> HopBuilder::groupedLoop(Value from, Value to, ArrayRef<Value> state,
                                           bool masked) {
  auto loop = scf::ForOp::create(
      builder, from, to, i32(1), state,
      [&](OpBuilder &, Location, Value stage, ValueRange carried) {
        Value slot = carried[3], use = carried[4];
        auto useOf = [&](Value number) -> Value {
          return hop::LoadUseOp::create(builder, builder.getI32Type(), number);
        };
        auto nextUse = [&] { return useOf(addI(stage, i32(1))); };
        Value early = masked ? Value() : nextUse();
        auto hasBit = [&](Value bit) -> Value {
          Value shifted = arith::ShRUIOp::create(builder, use, bit);
          Value set = arith::TruncIOp::create(builder, builder.getI1Type(), shifted);
          return hop::UniformOp::create(builder, set.getType(), set);
        };
        auto choose = [&](Value condition, function_ref<Value()> then,
                          function_ref<Value()> otherwise) {
          auto branch = scf::IfOp::create(
              builder, condition,
              [&](OpBuilder &, Location) { scf::YieldOp::create(builder, then()); },
              [&](OpBuilder &, Location) { scf::YieldOp::create(builder, otherwise()); });
          return branch.getResult(0);
        };
        auto keepIf = [&](Value condition, bool pairwise = false) {
          auto type = hop::KeptType::get(builder.getContext(), kernel.getTileK());
          return choose(
              condition, [&] { return keep(stage, pairwise); },
              [&]() -> Value { return hop::KeepNoneOp::create(builder, type); });
        };
        Value isOwn = hasBit(group), isMasked, kept;
        if (masked) {
          isMasked = hasBit(addI(group, i32(3)));
          // All warp groups meet there, those too that do not use the stage.
          scf::IfOp::create(builder, hasBit(i32(7)), [&](OpBuilder &, Location) {
            Value tile =
                hop::AwaitSlotOp::create(builder, tileType(kernel.getTileK()), values, slot);
            hop::ClearUnkeptOp::create(builder, tile, keepIf(isOwn, /*pairwise=*/true), queryRow);
            scf::YieldOp::create(builder);
          });
        }
        if (masked && isLongMask())
          kept = keepIf(isMasked);
        auto branch = scf::IfOp::create(
            builder, isOwn,
            [&](OpBuilder &, Location) {
              auto product = multiplyKeys(slot);
              Value isPadded, later = early;
              if (!masked)
                isPadded = hasBit(i32(6));
              else if (!kept)
                kept = keepIf(isMasked); // while the product runs
              auto drop = [&](Value scores) -> Value {
                if (masked)
                  return choose(
                      isMasked, [&] { return mask(scores, kept); }, [&] { return scores; });
                return maskPadding(scores, isPadded, [&]() -> Value {
                  // Read again: no register is left to hold it.
                  return arith::ShRUIOp::create(builder, useOf(stage), i32(8));
                });
              };
              auto beforeValues = [&] {
                if (!later)
                  later = nextUse();
              };
              SmallVector<Value> after =
                  finishStage(product, slot, stage, masked ? Value() : stage, carried, drop, masked,
                              beforeValues, /*updates=*/masked);
              after.push_back(later);
              scf::YieldOp::create(builder, after);
            },
            [&](OpBuilder &, Location) {
              Value later = early ? early : nextUse();
              hop::SkipOp::create(builder, keys, slot, group);
              hop::SkipOp::create(builder, values, slot, group);
              scf::YieldOp::create(builder, ValueRange{carried[0], carried[1], carried[2], later});
            });
        SmallVector<Value> after(branch.getResults());
        Value later = after.pop_back_val();
        after.append({next(slot, keys), later});
        scf::YieldOp::create(builder, after);
      });
  return SmallVector<Value>(loop.getResults());
}

/// Beside a product three warp groups have no registers to evaluate it. The number of operations
/// was found with ptxas 13.0.
bool HopBuilder::isLongMask() { return llvm::range_size(program.mask.getBody().front()) > 40; }

} // namespace halftone
