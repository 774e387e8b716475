// What a consumer warp group of a hop.kernel does where each has its own list of stages.
#include "codegen/Transforms/HtToHop.h"

using namespace mlir;

namespace halftone {

/// All walk the stages of the tile in order, and hand those back unread that their own rows keep
/// nothing of. Which ones comes with the stages, one word each, the same for all: the slot at hand,
/// and with it the address of its tile, stays uniform.
void HopBuilder::buildGrouped() {
  startConsumer();
  Value slot = hop::FirstSlotOp::create(builder, slotType());
  Value use = hop::LoadUseOp::create(builder, builder.getI32Type(), item.getFirst());
  SmallVector<Value> state{fill(outputType(), 0), fill(rowType(), lowest), fill(rowType(), 0), slot,
                           use};
  state = groupedLoop(item.getFirst(), addI(item.getFirst(), item.getFull()), state,
                      /*masked=*/false);
  if (options.masked) {
    readScalars();
    state.pop_back();
    Value from = addI(item.getFirst(), item.getFull());
    state = groupedLoop(from, addI(from, item.getPartial()), state, /*masked=*/true);
  }
  finish(state[0], state[1], state[2]);
}

/// Stages by their number in the plan. state: output, maximum, sum, slot, and of a full stage its
/// use, which is read one stage ahead. A stage to mask has no register for that.
SmallVector<Value> HopBuilder::groupedLoop(Value from, Value to, ArrayRef<Value> state,
                                           bool masked) {
  auto loop = scf::ForOp::create(
      builder, from, to, i32(1), state,
      [&](OpBuilder &, Location, Value stage, ValueRange carried) {
        Value slot = carried[3];
        auto useOf = [&](Value number) -> Value {
          return hop::LoadUseOp::create(builder, builder.getI32Type(), number);
        };
        Value use = masked ? useOf(stage) : carried[4];
        Value later = masked ? Value() : useOf(addI(stage, i32(1)));
        auto hasBit = [&](Value bit) -> Value {
          Value shifted = arith::ShRUIOp::create(builder, use, bit);
          Value set = arith::TruncIOp::create(builder, builder.getI1Type(), shifted);
          return hop::UniformOp::create(builder, set.getType(), set);
        };
        Value isOwn = hasBit(group), isPadded = hasBit(i32(4));
        Value kept;
        if (masked) {
          auto type = hop::KeptType::get(builder.getContext(), kernel.getTileK());
          auto evaluated = scf::IfOp::create(
              builder, isOwn,
              [&](OpBuilder &, Location) { scf::YieldOp::create(builder, keep(stage)); },
              [&](OpBuilder &, Location) {
                Value none = hop::KeepNoneOp::create(builder, type);
                scf::YieldOp::create(builder, none);
              });
          kept = evaluated.getResult(0);
          // All warp groups meet there, those too that do not use the stage.
          clearUnkept(slot, kept, hasBit(i32(3)));
        }
        auto branch = scf::IfOp::create(
            builder, isOwn,
            [&](OpBuilder &, Location) {
              auto product = multiplyKeys(slot);
              SmallVector<Value> after = finishStage(
                  product, slot, stage, masked ? Value() : stage, carried,
                  [&](Value scores) {
                    if (masked)
                      return mask(scores, kept);
                    return maskPadding(scores, isPadded, [&]() -> Value {
                      // Read again: no register is left to hold it.
                      return arith::ShRUIOp::create(builder, useOf(stage), i32(8));
                    });
                  },
                  masked, [] {});
              scf::YieldOp::create(builder, after);
            },
            [&](OpBuilder &, Location) {
              hop::SkipOp::create(builder, keys, slot, group);
              hop::SkipOp::create(builder, values, slot, group);
              scf::YieldOp::create(builder, carried.take_front(3));
            });
        SmallVector<Value> after(branch.getResults());
        after.push_back(next(slot, keys));
        if (!masked)
          after.push_back(later);
        scf::YieldOp::create(builder, after);
      });
  return SmallVector<Value>(loop.getResults());
}

} // namespace halftone
