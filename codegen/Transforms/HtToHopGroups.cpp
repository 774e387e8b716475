// What a consumer warp group of a hop.kernel does where each has its own list of stages.
#include "codegen/Transforms/HtToHop.h"

#include "codegen/HopSchedule.h"

using namespace mlir;

namespace halftone {

/// All walk the stages of the tile in order, and hand those back unread that their own rows keep
/// nothing of. Which ones comes with the stages, one word each, the same for all: the slot at hand,
/// and with it the address of its tile, stays uniform. Most stages of most masks are whole for all,
/// and come first: no such word is read of them. A kernel with a mask takes the others, full or
/// not, for ones to mask.
void HopBuilder::buildGrouped() {
  startConsumer();
  SmallVector<Value> state{fill(outputType(), 0), fill(rowType(), lowest), fill(rowType(), 0),
                           hop::FirstSlotOp::create(builder, slotType())};
  Value wholeEnd = addI(item.getFirst(), hop::WholeStagesOp::create(builder, builder.getI32Type()));
  Value fullEnd = addI(item.getFirst(), item.getFull());
  state = fullLoop(item.getFirst(), options.masked ? wholeEnd : fullEnd, state,
                   options.masked ? Value() : wholeEnd);
  if (options.masked) {
    readScalars();
    Value to = addI(addI(item.getFirst(), item.getFull()), item.getPartial());
    state.push_back(useOf(wholeEnd));
    state = maskedLoop(wholeEnd, to, state);
  }
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

/// What `use` gives of a stage, or `before` where it is handed back unread.
SmallVector<Value> HopBuilder::useOrSkip(Value isOwn, Value slot, ValueRange before,
                                         function_ref<SmallVector<Value>()> use) {
  auto branch = scf::IfOp::create(
      builder, isOwn, [&](OpBuilder &, Location) { scf::YieldOp::create(builder, use()); },
      [&](OpBuilder &, Location) {
        skip(slot);
        scf::YieldOp::create(builder, before);
      });
  return SmallVector<Value>(branch.getResults());
}

/// Full stages by their number in the plan; those before `wholeEnd`, or all, are whole for every
/// warp group. One loop for both: a second one would double what ptxas takes. state: output,
/// maximum, sum, slot.
SmallVector<Value> HopBuilder::fullLoop(Value from, Value to, ArrayRef<Value> state,
                                        Value wholeEnd) {
  auto loop = scf::ForOp::create(
      builder, from, to, i32(1), state,
      [&](OpBuilder &, Location, Value stage, ValueRange carried) {
        Value slot = carried[3], isWhole;
        if (wholeEnd)
          isWhole = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, stage, wholeEnd);
        auto drop = [&](Value scores) -> Value {
          if (!wholeEnd)
            return scores;
          return choose(
              isWhole, [&] { return scores; },
              [&] {
                Value use = useOf(stage);
                return maskPadding(scores, hasBit(use, i32(6)), [&]() -> Value {
                  return arith::ShRUIOp::create(builder, use, i32(8));
                });
              });
        };
        auto use = [&] {
          return finishStage(multiplyKeys(slot), slot, stage, stage, carried, drop,
                             /*masked=*/false, [] {});
        };
        SmallVector<Value> after;
        if (wholeEnd) {
          Value isOwn = choose(
              isWhole,
              [&]() -> Value {
                return arith::ConstantOp::create(builder, builder.getBoolAttr(true));
              },
              [&] { return hasBit(useOf(stage), group); });
          after = useOrSkip(isOwn, slot, carried.take_front(3), use);
        } else {
          after = use();
        }
        after.push_back(next(slot, keys));
        scf::YieldOp::create(builder, after);
      });
  return SmallVector<Value>(loop.getResults());
}

/// state: output, maximum, sum, slot, and the use of the stage. That of the next one is read when
/// the scores are weights: before, no register is left to hold it.
SmallVector<Value> HopBuilder::maskedLoop(Value from, Value to, ArrayRef<Value> state) {
  auto loop = scf::ForOp::create(
      builder, from, to, i32(1), state,
      [&](OpBuilder &, Location, Value stage, ValueRange carried) {
        Value slot = carried[3], use = carried[4];
        auto keepIf = [&](Value condition, bool pairwise = false) {
          auto type = hop::KeptType::get(builder.getContext(), kernel.getTileK());
          return choose(
              condition, [&] { return keep(stage, pairwise); },
              [&]() -> Value { return hop::KeepNoneOp::create(builder, type); });
        };
        Value isOwn = hasBit(use, group), isMasked = hasBit(use, addI(group, i32(3))), kept;
        // All warp groups meet there, those too that do not use the stage.
        scf::IfOp::create(builder, hasBit(use, i32(7)), [&](OpBuilder &, Location) {
          Value tile = hop::AwaitSlotOp::create(builder, tileType(kernel.getTileK()), values, slot);
          hop::ClearUnkeptOp::create(builder, tile, keepIf(isOwn, /*pairwise=*/true), queryRow);
          scf::YieldOp::create(builder);
        });
        if (isLongMask())
          kept = keepIf(isMasked);
        auto nextUse = [&] { return useOf(addI(stage, i32(1))); };
        auto branch = scf::IfOp::create(
            builder, isOwn,
            [&](OpBuilder &, Location) {
              auto product = multiplyKeys(slot);
              if (!kept)
                kept = keepIf(isMasked); // while the product runs
              auto drop = [&](Value scores) {
                return choose(isMasked, [&] { return mask(scores, kept); }, [&] { return scores; });
              };
              Value later;
              SmallVector<Value> after = finishStage(
                  product, slot, stage, Value(), carried, drop, /*masked=*/true,
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

bool HopBuilder::isLongMask() {
  return llvm::range_size(program.mask.getBody().front()) > hopLongMask;
}

} // namespace halftone
