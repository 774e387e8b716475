// Rings, barriers and bulk tensor copies.
#include "codegen/ArgumentLayout.h"
#include "codegen/Transforms/HopToNvvm/Emitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace halftone::hop {

Value Emitter::barrierAt(int64_t offset, Value index) {
  Value at = i32(offset);
  if (index)
    at = add(multiply(index, 8), at);
  return sharedAt(at);
}

void Emitter::waitBarrier(Value barrier, Value phase) {
  // The number is a hint of how long the hardware may sleep before it tries again.
  NVVM::MBarrierTryWaitParityOp::create(builder, barrier, phase, i32(10000000));
}

void Emitter::expectBytes(Value barrier, int64_t bytes) {
  NVVM::MBarrierArriveExpectTxOp::create(builder, Type(), barrier, i32(bytes),
                                         NVVM::MemScopeKind::CTA, /*relaxed=*/false, Value());
}

void Emitter::emitNamedBarrier(Value number, Value threads) {
  NVVM::BarrierOp::create(builder, TypeRange{}, number, threads, NVVM::BarrierReductionAttr(),
                          Value());
}

void Emitter::emitAsyncFence() {
  NVVM::FenceProxyOp::create(
      builder, NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(builder.getContext(), NVVM::SharedSpace::shared_cta));
}

Value Emitter::kvHead(Value head) {
  return LLVM::UDivOp::create(builder, head,
                              argument(builder.getI32Type(), layout::headsPerKvHead));
}

void Emitter::bulkCopy(Value destination, Value map, Value barrier, Value column, Value row,
                       Value head, Value batch, Value blocks) {
  // The shared::cta form (PTX 8.6): without it the destination would have to be a cluster address.
  bool inBlock = !blocks;
  if (!inBlock)
    destination = LLVM::AddrSpaceCastOp::create(
        builder, LLVM::LLVMPointerType::get(builder.getContext(), 7), destination);
  NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
      builder, destination, map, ValueRange{column, row, head, batch}, barrier,
      /*im2colOffsets=*/ValueRange{}, /*multicastMask=*/blocks, /*l2CacheHint=*/Value(),
      NVVM::TMALoadMode::TILE, /*isCTAOnly=*/inBlock, /*group=*/NVVM::CTAGroupKindAttr(),
      /*predicate=*/Value());
}

Value Emitter::blockOfCluster() { return NVVM::ClusterId::create(builder, builder.getI32Type()); }

void Emitter::emitLoadQuery(LoadQueryOp op) {
  auto type = op.getTile().getType();
  Value barrier = barrierAt(offsets.at(op.getBarrier()));
  ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, lane, i32(0)),
         [&] { expectBytes(barrier, type.getBytes()); });
  ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, lane, i32(type.getPanels())), [&] {
    Value at = add(multiply(lane, panelBytes.at(op.getTile())), offsets.at(op.getTile()));
    bulkCopy(sharedAt(at), queryMap, barrier, multiply(lane, 64), one(op.getRow()),
             one(op.getHead()), one(op.getBatch()));
  });
}

Value Emitter::stageEntry(Value index) {
  Value stages = argument(LLVM::LLVMPointerType::get(builder.getContext(), 1), layout::stages);
  Value at = LLVM::GEPOp::create(builder, stages.getType(), builder.getI32Type(), stages,
                                 ValueRange{index});
  return LLVM::LoadOp::create(builder, builder.getI32Type(), at, /*alignment=*/4);
}

int64_t Emitter::stageEntries() {
  return kernel.getTileK() / kernel.getGather() + (kernel.getGroupLists() ? 1 : 0);
}

void Emitter::emitLoadUse(LoadUseOp op) {
  // The stage's number is pinned: LLVM would keep the address of one read in registers for another.
  give(op.getUse(), {stageEntry(add(multiply(pin({one(op.getIndex())}).front(), stageEntries()),
                                    stageEntries() - 1))});
}

void Emitter::emitLoadStage(LoadStageOp op) {
  // Lane p * chunks + c copies panel p of chunk c, so it holds the start of chunk c; the flag "the
  // chunks are consecutive" is bit 31 of the first one, for those of either half of the middle one.
  int64_t chunks = kernel.getTileK() / kernel.getGather();
  Value base = multiply(one(op.getIndex()), stageEntries());
  Value first = stageEntry(base);
  Value own = first;
  if (chunks > 1)
    own = stageEntry(add(base, LLVM::URemOp::create(builder, lane, i32(chunks))));
  give(op.getStage(), {first, own});
}

void Emitter::emitCopy(CopyOp op) {
  auto ring = op.getRing().getType();
  auto tile = ring.getTile();
  RingPlace place = rings.at(op.getRing());
  bool isKey = op.getOperand() == ht::Operand::Key;
  int64_t chunks = kernel.getTileK() / kernel.getGather();
  Value slot = held.at(op.getSlot())[0], phase = held.at(op.getSlot())[1];
  Value first = held.at(op.getStage())[0], own = held.at(op.getStage())[1];
  Value head = kvHead(one(op.getHead())), batch = one(op.getBatch());
  int64_t bytesOfPanel = tile.getRows() * 128;

  waitBarrier(barrierAt(place.emptyBarriers, slot), phase);
  Value full = barrierAt(place.fullBarriers, slot);
  ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, lane, i32(0)),
         [&] { expectBytes(full, tile.getBytes()); });
  Value base = add(multiply(slot, tile.getBytes()), place.tiles);
  // Of a shared stage this block copies half of the panels, into both.
  Value panels = i32(tile.getPanels()), firstPanel, blocks;
  if (Value isShared = op.getShared()) {
    Value block = blockOfCluster(), half = i32(tile.getPanels() / 2);
    auto ifShared = [&](Value a, Value b) {
      return LLVM::SelectOp::create(builder, one(isShared), a, b);
    };
    panels = ifShared(half, panels);
    firstPanel = ifShared(LLVM::MulOp::create(builder, block, half), i32(0));
    blocks = LLVM::TruncOp::create(builder, builder.getI16Type(), ifShared(i32(3), add(block, 1)));
  }
  auto copyPanel = [&](Value number, Value chunkBytes, Value map, Value row) {
    Value panel = firstPanel ? add(number, firstPanel) : number;
    Value at = add(base, multiply(panel, bytesOfPanel));
    bulkCopy(sharedAt(chunkBytes ? add(at, chunkBytes) : at), map, full, multiply(panel, 64),
             LLVM::AndOp::create(builder, row, i32(0x7fffffff)), head, batch, blocks);
  };
  auto consecutive = [&] {
    ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, lane, panels),
           [&] { copyPanel(lane, Value(), isKey ? keyMap : valueMap, first); });
  };
  if (chunks == 1)
    return consecutive();
  OpBuilder::InsertionGuard guard(builder);
  auto ifFlagged = [&](Value entry, function_ref<void()> then) {
    auto flag = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::slt, entry, i32(0));
    auto branch = scf::IfOp::create(builder, flag, /*withElseRegion=*/true);
    builder.setInsertionPointToStart(branch.thenBlock());
    then();
    builder.setInsertionPointToStart(branch.elseBlock());
  };
  ifFlagged(first, consecutive);
  if (copiesHalves()) {
    Value middle = NVVM::ShflOp::create(builder, own.getType(), fullMask, own, i32(chunks / 2),
                                        i32(31), NVVM::ShflKind::idx, UnitAttr());
    ifFlagged(middle, [&] {
      Value boxes = LLVM::MulOp::create(builder, panels, i32(2));
      ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, lane, boxes), [&] {
        Value half = LLVM::AndOp::create(builder, lane, i32(1));
        Value isFirst = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, half, i32(0));
        copyPanel(LLVM::LShrOp::create(builder, lane, i32(1)),
                  multiply(half, kernel.getTileK() / 2 * 128), isKey ? keyHalfMap : valueHalfMap,
                  LLVM::SelectOp::create(builder, isFirst, first, middle));
      });
    });
  }
  Value boxes = LLVM::MulOp::create(builder, panels, i32(chunks));
  ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, lane, boxes), [&] {
    Value myPanel = LLVM::UDivOp::create(builder, lane, i32(chunks));
    Value myChunk = LLVM::URemOp::create(builder, lane, i32(chunks));
    copyPanel(myPanel, multiply(myChunk, kernel.getGather() * 128),
              isKey ? keyGatherMap : valueGatherMap, own);
  });
}

void Emitter::emitNextSlot(NextSlotOp op) {
  Value slot = held.at(op.getSlot())[0], phase = held.at(op.getSlot())[1];
  Value next = add(slot, 1);
  auto wraps = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, next,
                                    i32(op.getRing().getType().getStages()));
  give(op.getNext(), {LLVM::SelectOp::create(builder, wraps, i32(0), next),
                      LLVM::SelectOp::create(builder, wraps,
                                             LLVM::XOrOp::create(builder, phase, i32(1)), phase)});
}

void Emitter::emitAwaitSlot(AwaitSlotOp op) {
  RingPlace place = rings.at(op.getRing());
  Value slot = held.at(op.getSlot())[0], phase = held.at(op.getSlot())[1];
  waitBarrier(barrierAt(place.fullBarriers, slot), phase);
  auto tile = op.getTile().getType();
  give(op.getTile(), {add(multiply(slot, tile.getBytes()), place.tiles)});
  panelBytes[op.getTile()] = tile.getRows() * 128;
}

void Emitter::emitRelease(ReleaseOp op) {
  release(rings.at(op.getRing()), held.at(op.getSlot())[0], op.getShared());
}

void Emitter::emitSkip(SkipOp op) {
  RingPlace place = rings.at(op.getRing());
  Value slot = held.at(op.getSlot())[0], phase = held.at(op.getSlot())[1];
  waitBarrier(barrierAt(place.fullBarriers, slot), phase);
  // The barriers that hop.rewrite uses, long before.
  emitNamedBarrier(add(pin({one(op.getGroup())}).front(), 4), i32(128));
  release(place, slot, Value());
}

void Emitter::release(const RingPlace &place, Value slot, Value isShared) {
  Value inGroup = LLVM::AndOp::create(builder, thread, i32(127));
  Value barrier = add(add(multiply(slot, 8), place.emptyBarriers), sharedAddress);
  // A predicate, not a branch: see emitClearUnkept.
  if (!isShared) {
    std::string count = kernel.getCluster() == 1 ? "" : ", 2";
    assembly("{ .reg .pred first; setp.eq.u32 first, $0, 0; "
             "@first mbarrier.arrive.shared::cta.b64 _, [$1]" +
                 count + "; }",
             "r,r,~{memory}", {inGroup, barrier}, {});
    return;
  }
  // Threads 0 and 1 arrive: one at either block's barrier, or both at this one's. The slot was read
  // by finished matrix ops, so nothing need be ordered: release at the cluster's scope would be a
  // fence of the whole GPU.
  Value toBoth = LLVM::ZExtOp::create(builder, builder.getI32Type(), one(isShared));
  // The address for all threads: a register that only some of them set would live on in the others
  // from one stage to the next.
  assembly("{ .reg .pred first, both; .reg .b32 block, other, remote; setp.lt.u32 first, $0, 2; "
           "setp.ne.u32 both, $2, 0; mov.u32 block, %cluster_ctarank; and.b32 other, $0, 1; "
           "selp.b32 block, other, block, both; mapa.shared::cluster.u32 remote, $1, block; "
           "@first mbarrier.arrive.shared::cluster.b64 _, [remote]; }",
           "r,r,r,~{memory}", {inGroup, barrier, toBoth}, {});
}

} // namespace halftone::hop
