// What a consumer warp group of a hop.kernel does where each has its own list of stages.
#include "codegen/Transforms/HtToHop.h"

using namespace mlir;

namespace halftone {

/// All walk the stages of the tile in order. Those that are whole for all come first, and no word
/// of the plan is read of them. Of the others a group takes what its own rows keep something of;
/// the word that says so is the same for all: the slot at hand, and with it the address of its
/// tile, stays uniform. A kernel with a mask takes every such stage for one to mask. One without
/// takes them by halves, so that every group has as much to do as the others.
void HopBuilder::buildGrouped() {
  startConsumer();
  SmallVector<Value> state{fill(outputType(), 0), fill(rowType(), lowest), fill(rowType(), 0),
                           hop::FirstSlotOp::create(builder, slotType())};
  Value wholeEnd = addI(item.getFirst(), hop::WholeStagesOp::create(builder, builder.getI32Type()));
  state = wholeLoop(item.getFirst(), wholeEnd, state);
  if (options.masked)
    readScalars();
  Value end = addI(addI(item.getFirst(), item.getFull()), item.getPartial());
  state.push_back(useOf(wholeEnd));
  state = options.masked ? maskedLoop(wholeEnd, end, state) : halvesLoop(wholeEnd, end, state);
  finish(state[0], state[1], state[2]);
}

/// Of a stage by its number in the plan.
Value HopBuilder::useOf(Value stage) {
  return hop::LoadUseOp::create(builder, builder.getI32Type(), stage);
}

Value HopBuilder::hasBit(Value use, Value bit) {
  Value shifted = arith::ShRUIOp::create(builder, use, bit);
  Value set = arith::TruncIOp::create(builder, builder.getI1Type(), shifted);
  return hop::UniformOp::create(builder, set.getType(), set);
}

Value HopBuilder::choose(Value condition, function_ref<Value()> then,
                         function_ref<Value()> otherwise) {
  auto branch = scf::IfOp::create(
      builder, condition, [&](OpBuilder &, Location) { scf::YieldOp::create(builder, then()); },
      [&](OpBuilder &, Location) { scf::YieldOp::create(builder, otherwise()); });
  return branch.getResult(0);
}

/// Hands a stage back unread.
void HopBuilder::skip(Value slot) {
  hop::SkipOp::create(builder, keys, slot, group);
  hop::SkipOp::create(builder, values, slot, group);
}

/// state: output, maximum, sum, slot.
SmallVector<Value> HopBuilder::wholeLoop(Value from, Value to, ArrayRef<Value> state) {
  auto body = [&](OpBuilder &, Location, Value stage, ValueRange carried) {
    Part part{carried[3]};
    SmallVector<Value> after = finishStage(
        multiplyKeys(await(keys, part)), part, stage, stage, carried,
        [](Value scores) { return scores; }, /*masked=*/false, [] {});
    after.push_back(next(part.slot, keys));
    scf::YieldOp::create(builder, after);
  };
  auto loop = scf::ForOp::create(builder, from, to, i32(1), state, body);
  return SmallVector<Value>(loop.getResults());
}

/// Stages of two halves: a group takes one, both one after the other, or none. Shorter products
/// cost a little more; in turn no group waits for the others while they take a stage of theirs.
/// state: output, maximum, sum, slot, and the uses of the stage.
SmallVector<Value> HopBuilder::halvesLoop(Value from, Value to, ArrayRef<Value> state) {
  auto useOfHalf = [&](Value uses, Value half) -> Value {
    return arith::ShRUIOp::create(builder, uses, arith::MulIOp::create(builder, half, i32(16)));
  };
  auto isOwn = [&](Value uses, int64_t half) -> Value {
    return arith::ExtUIOp::create(builder, builder.getI32Type(),
                                  hasBit(useOfHalf(uses, i32(half)), group));
  };
  auto loop = scf::ForOp::create(
      builder, from, to, i32(1), state,
      [&](OpBuilder &, Location, Value stage, ValueRange carried) {
        Value slot = carried[3], uses = carried[4];
        Value later = useOf(addI(stage, i32(1)));
        Value first = arith::SubIOp::create(builder, i32(1), isOwn(uses, 0));
        Value end = addI(isOwn(uses, 1), i32(1));
        auto halves = scf::ForOp::create(
            builder, first, end, i32(1), carried.take_front(3),
            [&](OpBuilder &, Location, Value half, ValueRange before) {
              Value isLast =
                  arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, addI(half, i32(1)), end);
              Part part{slot, half, isLast};
              Value use = useOfHalf(uses, half);
              auto drop = [&](Value scores) {
                return maskPadding(scores, hasBit(use, i32(6)), [&]() -> Value {
                  Value columns = arith::ShRUIOp::create(builder, use, i32(8));
                  return arith::AndIOp::create(builder, columns, i32(255));
                });
              };
              scf::YieldOp::create(builder,
                                   finishStage(multiplyKeys(await(keys, part)), part, stage,
                                               Value(), before, drop, /*masked=*/false, [] {}));
            });
        Value isNone = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, first, end);
        scf::IfOp::create(builder, isNone, [&](OpBuilder &, Location) {
          skip(slot);
          scf::YieldOp::create(builder);
        });
        SmallVector<Value> after(halves.getResults());
        after.append({next(slot, keys), later});
        scf::YieldOp::create(builder, after);
      });
  return SmallVector<Value>(loop.getResults());
}

Value HopBuilder::isMaskedBy(Value use) { return hasBit(use, addI(group, i32(3))); }

/// Of a stage that is masked, this group's page: those of the groups before come first.
Value HopBuilder::pageOf(Value use) {
  auto shifted = [&](Value word, Value by) -> Value {
    return arith::ShRUIOp::create(builder, word, by);
  };
  auto masked = [&](Value word, Value bits) -> Value {
    return arith::AndIOp::create(builder, word, bits);
  };
  Value ofBefore = addI(arith::ShLIOp::create(builder, i32(1), group), i32(-1));
  Value before = masked(shifted(use, i32(3)), ofBefore); // at most two
  return addI(shifted(use, i32(8)), addI(masked(before, i32(1)), shifted(before, i32(1))));
}

/// What a mask keeps depends on the plan alone, so that it is not evaluated by every head and
/// launch: here once, a page for each stage that the group must mask.
void HopBuilder::buildKeeping() {
  OpBuilder::InsertionGuard guard(builder);
  auto keeping = hop::KeepingOp::create(builder);
  Block &body = keeping.getBody().emplaceBlock();
  group = body.addArgument(builder.getI32Type(), builder.getLoc());
  builder.setInsertionPointToStart(&body);
  readScalars();
  Value first = addI(item.getFirst(), hop::WholeStagesOp::create(builder, builder.getI32Type()));
  Value end = addI(addI(item.getFirst(), item.getFull()), item.getPartial());
  scf::ForOp::create(builder, first, end, i32(1), ValueRange{},
                     [&](OpBuilder &, Location, Value stage, ValueRange) {
                       Value use = useOf(stage);
                       scf::IfOp::create(builder, isMaskedBy(use), [&](OpBuilder &, Location) {
                         hop::StoreKeptOp::create(builder, keep(stage), pageOf(use));
                         scf::YieldOp::create(builder);
                       });
                       scf::YieldOp::create(builder);
                     });
}

/// state: output, maximum, sum, slot, and the use of the stage. That of the next one is read when
/// the scores are weights: before, no register is left to hold it.
SmallVector<Value> HopBuilder::maskedLoop(Value from, Value to, ArrayRef<Value> state) {
  auto loop = scf::ForOp::create(
      builder, from, to, i32(1), state,
      [&](OpBuilder &, Location, Value stage, ValueRange carried) {
        Value slot = carried[3], use = carried[4];
        Value isOwn = hasBit(use, group), isMasked = isMaskedBy(use);
        auto keptType = hop::KeptType::get(builder.getContext(), kernel.getTileK());
        auto loadKept = [&]() -> Value {
          return hop::LoadKeptOp::create(builder, keptType, pageOf(use));
        };
        // All warp groups meet there, those too that do not use the stage.
        scf::IfOp::create(builder, hasBit(use, i32(7)), [&](OpBuilder &, Location) {
          Value kept = choose(isMasked, loadKept, [&]() -> Value {
            return hop::KeepNoneOp::create(builder, keptType);
          });
          hop::ClearUnkeptOp::create(builder, await(values, {slot}), kept, queryRow);
          scf::YieldOp::create(builder);
        });
        auto nextUse = [&] { return useOf(addI(stage, i32(1))); };
        auto branch = scf::IfOp::create(
            builder, isOwn,
            [&](OpBuilder &, Location) {
              auto product = multiplyKeys(await(keys, {slot}));
              Value kept = loadKept(); // while the product runs
              auto drop = [&](Value scores) {
                return choose(isMasked, [&] { return mask(scores, kept); }, [&] { return scores; });
              };
              Value later;
              SmallVector<Value> after = finishStage(
                  product, {slot}, stage, Value(), carried, drop, /*masked=*/true,
                  [&] { later = nextUse(); }, /*updates=*/true);
              after.push_back(later);
              scf::YieldOp::create(builder, after);
            },
            [&](OpBuilder &, Location) {
              Value later = nextUse();
              skip(slot);
              scf::YieldOp::create(builder, ValueRange{carried[0], carried[1], carried[2], later});
            });
        SmallVector<Value> after(branch.getResults());
        Value later = after.pop_back_val();
        after.append({next(slot, keys), later});
        scf::YieldOp::create(builder, after);
      });
  return SmallVector<Value>(loop.getResults());
}

} // namespace halftone
