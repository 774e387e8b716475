#include "codegen/Transforms/HopToNvvm/Emitter.h"

#include "codegen/ArgumentLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace halftone::hop {

Emitter::Emitter(KernelOp kernel) : kernel(kernel), builder(kernel.getLoc(), kernel) {}

LogicalResult Emitter::emit() {
  RolesOp roles;
  KeepingOp keeping;
  for (Operation &op : kernel.getBody().front()) {
    if (auto found = dyn_cast<RolesOp>(op))
      roles = found;
    if (auto found = dyn_cast<KeepingOp>(op))
      keeping = found;
  }
  if (!roles)
    return kernel.emitOpError("has no hop.roles");
  placeShared();
  emitFunction();
  builder.setInsertionPointToStart(function.addEntryBlock(builder));
  queryMap = function.getArgument(1);
  keyMap = function.getArgument(2);
  valueMap = function.getArgument(3);
  keyHalfMap = function.getArgument(4);
  valueHalfMap = function.getArgument(5);
  keyGatherMap = function.getArgument(6);
  valueGatherMap = function.getArgument(7);
  placeBlock();
  // Constants of all regions, and places of tiles.
  for (Operation &op : kernel.getBody().front()) {
    if (auto tile = dyn_cast<TileOp>(op))
      give(tile.getTile(), {i32(offsets.at(tile.getTile()))});
    else if (!isa<HopDialect>(op.getDialect()) && failed(emitOp(&op)))
      return failure();
  }

  LogicalResult result = success();
  auto emitRole = [&](Region &region) {
    for (Operation &op : region.front())
      if (failed(emitOp(&op)))
        result = failure();
  };
  if (keeping) {
    Value keeps = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ne,
                                       argument(builder.getI32Type(), layout::keeps), i32(0));
    auto branch = scf::IfOp::create(builder, keeps, /*withElseRegion=*/true);
    builder.setInsertionPointToStart(branch.thenBlock());
    ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ne, warpGroup, i32(0)), [&] {
      give(keeping.getBody().getArgument(0), {add(warpGroup, -1)});
      emitRole(keeping.getBody());
    });
    builder.setInsertionPointToStart(branch.elseBlock());
  }
  emitPrologue(roles);
  auto isProducer = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, warpGroup, i32(0));
  auto branch = scf::IfOp::create(builder, isProducer, /*withElseRegion=*/true);
  builder.setInsertionPointToStart(branch.thenBlock());
  NVVM::SetMaxRegisterOp::create(builder, kernel.getProducerRegisters(),
                                 NVVM::SetMaxRegisterAction::decrease);
  Value warp = uniform(LLVM::LShrOp::create(builder, thread, i32(5)));
  ifThen(LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, warp, i32(0)), [&] {
    inProducer = true;
    emitRole(roles.getProducer());
    inProducer = false;
  });
  builder.setInsertionPointToStart(branch.elseBlock());
  NVVM::SetMaxRegisterOp::create(builder, kernel.getConsumerRegisters(),
                                 NVVM::SetMaxRegisterAction::increase);
  give(roles.getConsumer().getArgument(0), {add(warpGroup, -1)});
  emitRole(roles.getConsumer());
  builder.setInsertionPointToEnd(&function.getBody().back());
  LLVM::ReturnOp::create(builder, ValueRange{});
  kernel.erase();
  return result;
}

void Emitter::placeShared() {
  int64_t bytes = 0;
  auto aligned = [&](int64_t to) { return bytes = (bytes + to - 1) / to * to; };
  for (Operation &op : kernel.getBody().front()) {
    if (auto tile = dyn_cast<TileOp>(op)) {
      offsets[tile.getTile()] = aligned(1024);
      panelBytes[tile.getTile()] = tile.getTile().getType().getRows() * 128;
      bytes += tile.getTile().getType().getBytes();
    } else if (auto ring = dyn_cast<RingOp>(op)) {
      rings[ring.getRing()].tiles = aligned(1024);
      bytes += ring.getRing().getType().getStages() * ring.getRing().getType().getTile().getBytes();
    }
  }
  aligned(8);
  for (Operation &op : kernel.getBody().front()) {
    if (auto barrier = dyn_cast<BarrierOp>(op)) {
      offsets[barrier.getBarrier()] = bytes;
      bytes += 8;
    } else if (auto ring = dyn_cast<RingOp>(op)) {
      int64_t stages = ring.getRing().getType().getStages();
      rings[ring.getRing()].fullBarriers = bytes;
      rings[ring.getRing()].emptyBarriers = bytes + 8 * stages;
      bytes += 16 * stages;
    }
  }
  // Kept columns of every consumer warp, for hop.clear_unkept: 4 lanes x 4 words a warp.
  keptBits = aligned(16);
  bytes += kernel.getConsumers() * 4 * 64;
  sharedBytes = bytes;
}

void Emitter::emitFunction() {
  auto *context = builder.getContext();
  auto pointer = LLVM::LLVMPointerType::get(context);
  SmallVector<Type> inputs(8, pointer);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), inputs);
  function = LLVM::LLVMFuncOp::create(builder, kernel.getSymName(), type);
  int32_t threads = 128 * (kernel.getConsumers() + 1);
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                    builder.getDenseI32ArrayAttr({threads}));
  // ptxas honours setmaxnreg only when it knows that one block a multiprocessor is enough.
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(1));
  if (kernel.getCluster() > 1)
    function->setAttr(NVVM::NVVMDialect::getClusterDimAttrName(),
                      builder.getDenseI32ArrayAttr({int32_t(kernel.getCluster()), 1, 1}));
  function->setAttr("ht.shared_bytes", builder.getI32IntegerAttr(int32_t(sharedBytes)));
  function->setAttr("ht.threads", builder.getI32IntegerAttr(threads));
  // A tensor map that is not a grid constant is copied to local memory; without its alignment the
  // parameter is byte-aligned.
  auto byValue = [&](unsigned index, int64_t bytes, int64_t alignment) {
    function.setArgAttr(index, LLVM::LLVMDialect::getByValAttrName(),
                        TypeAttr::get(LLVM::LLVMArrayType::get(builder.getI8Type(), bytes)));
    function.setArgAttr(index, LLVM::LLVMDialect::getAlignAttrName(),
                        builder.getI64IntegerAttr(alignment));
    function.setArgAttr(index, NVVM::NVVMDialect::getGridConstantAttrName(), builder.getUnitAttr());
  };
  byValue(0, layout::argumentBytes, 16);
  for (unsigned map = 1; map < 8; ++map)
    byValue(map, 128, 64);

  // One symbol for the block's dynamic shared memory; swizzled tiles need 1024-byte alignment.
  auto module = kernel->getParentOfType<ModuleOp>();
  Operation *parent = kernel->getParentOp();
  if (!SymbolTable::lookupSymbolIn(parent, "halftone_shared")) {
    OpBuilder atStart = OpBuilder::atBlockBegin(&parent->getRegion(0).front());
    LLVM::GlobalOp::create(atStart, module.getLoc(),
                           LLVM::LLVMArrayType::get(builder.getI8Type(), 0), /*isConstant=*/false,
                           LLVM::Linkage::External, "halftone_shared", Attribute(),
                           /*alignment=*/1024, /*addrSpace=*/3);
  }
}

void Emitter::placeBlock() {
  shared = LLVM::AddressOfOp::create(builder, LLVM::LLVMPointerType::get(builder.getContext(), 3),
                                     "halftone_shared");
  sharedAddress = LLVM::PtrToIntOp::create(builder, builder.getI32Type(), shared);
  fullMask = i32(-1);
  thread = NVVM::ThreadIdXOp::create(builder, builder.getI32Type());
  warpGroup = uniform(LLVM::LShrOp::create(builder, thread, i32(7)));
  placeThread();
}

void Emitter::emitPrologue(RolesOp roles) {
  auto first = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, thread, i32(0));
  ifThen(first, [&] {
    SmallVector<Value> maps{queryMap, keyMap, valueMap, keyGatherMap, valueGatherMap};
    if (copiesHalves())
      maps.append({keyHalfMap, valueHalfMap});
    for (Value map : maps)
      NVVM::PrefetchOp::create(builder, /*cacheLevel=*/NVVM::PrefetchCacheLevelAttr(),
                               /*evictPriority=*/NVVM::CacheEvictionPriorityAttr(), map,
                               /*predicate=*/Value(), /*tensormap=*/builder.getUnitAttr(),
                               /*uniform=*/UnitAttr(), /*in_param_space=*/UnitAttr());
    auto initialise = [&](int64_t offset, int64_t count) {
      NVVM::MBarrierInitOp::create(builder, barrierAt(offset), i32(count), Value());
    };
    for (Operation &op : kernel.getBody().front()) {
      if (auto barrier = dyn_cast<BarrierOp>(op))
        initialise(offsets[barrier.getBarrier()], 1);
      if (auto ring = dyn_cast<RingOp>(op))
        for (int64_t stage = 0; stage < ring.getRing().getType().getStages(); ++stage) {
          initialise(rings[ring.getRing()].fullBarriers + 8 * stage, 1);
          initialise(rings[ring.getRing()].emptyBarriers + 8 * stage,
                     kernel.getConsumers() * kernel.getCluster());
        }
    }
    NVVM::FenceMbarrierInitOp::create(builder);
  });
  emitAsyncFence();
  if (kernel.getCluster() == 1) {
    NVVM::Barrier0Op::create(builder);
    return;
  }
  // Neither block touches the other's barriers before they are.
  NVVM::ClusterArriveRelaxedOp::create(builder, builder.getUnitAttr());
  NVVM::ClusterWaitOp::create(builder, builder.getUnitAttr());
}

void Emitter::placeThread() {
  lane = LLVM::AndOp::create(builder, thread, i32(31));
  warpInGroup = LLVM::AndOp::create(builder, LLVM::LShrOp::create(builder, thread, i32(5)), i32(3));
  columnPair = multiply(LLVM::AndOp::create(builder, lane, i32(3)), 2);
}

//===-- Operations --------------------------------------------------------------------------===//

LogicalResult Emitter::emitOp(Operation *op) {
  builder.setLoc(op->getLoc());
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return emitFor(loop), success();
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return emitIf(branch), success();
  if (auto item = dyn_cast<ItemOp>(op))
    return emitItem(item), success();
  // Two numbers of 16 bits; only in a cluster is the second not 0.
  if (isa<FirstColumnsOp, WholeStagesOp>(op)) {
    Value both = itemField(layout::itemColumns);
    if (kernel.getCluster() > 1)
      both = LLVM::AndOp::create(builder, both, i32(0xffff));
    return give(op->getResult(0), {both}), success();
  }
  if (isa<SharedStagesOp>(op))
    return give(op->getResult(0),
                {LLVM::LShrOp::create(builder, itemField(layout::itemColumns), i32(16))}),
           success();
  if (isa<ClearingStagesOp>(op))
    return give(op->getResult(0), {itemField(layout::itemClearing)}), success();
  if (isa<FirstSlotOp>(op))
    // The producer finds every slot empty: its first wait is for the phase "before" the first.
    return give(op->getResult(0), {i32(0), i32(inProducer ? 1 : 0)}), success();
  if (auto rows = dyn_cast<RowsOp>(op)) {
    give(rows.getRows(),
         {add(one(rows.getTile()),
              multiply(one(rows.getIndex()), rows.getRows().getType().getRows() * 128))});
    panelBytes[rows.getRows()] = panelBytes.at(rows.getTile());
    return success();
  }
  if (auto uniform = dyn_cast<UniformOp>(op)) {
    // A vote has one answer for the warp.
    Value vote = NVVM::VoteSyncOp::create(builder, builder.getI1Type(), fullMask,
                                          one(uniform.getCondition()), NVVM::VoteSyncKind::any);
    return give(uniform.getResult(), {vote}), success();
  }
  if (auto fill = dyn_cast<FillOp>(op)) {
    Value value = f32(fill.getValue().convertToFloat());
    return give(fill.getResult(), Registers(fill.getResult().getType().getRegisters(), value)),
           success();
  }
  if (isa<ClusterArriveOp>(op))
    return NVVM::ClusterArriveRelaxedOp::create(builder, UnitAttr()), success();
  if (isa<ClusterWaitOp>(op))
    return NVVM::ClusterWaitOp::create(builder, UnitAttr()), success();
  if (auto take = dyn_cast<TakeTurnOp>(op)) {
    emitNamedBarrier(add(one(take.getGroup()), 2), i32(256));
    return success();
  }
  if (auto pass = dyn_cast<PassTurnOp>(op)) {
    Value other = LLVM::SubOp::create(builder, i32(3), one(pass.getGroup()));
    NVVM::BarrierArriveOp::create(builder, other, i32(256));
    return success();
  }
  // clang-format off
#define HANDLE(OpName)                                                                             \
  if (auto found = dyn_cast<OpName##Op>(op))                                                       \
    return emit##OpName(found), success();
  HANDLE(LoadQuery)
  HANDLE(LoadStage) HANDLE(LoadUse) HANDLE(Skip) HANDLE(Copy) HANDLE(AwaitSlot) HANDLE(Release) HANDLE(NextSlot) HANDLE(Product)
      HANDLE(Wait) HANDLE(SoftmaxStep) HANDLE(SoftmaxUpdate) HANDLE(SoftmaxEnd) HANDLE(Pack) HANDLE(Rescale)
          HANDLE(MaskColumns) HANDLE(Keep) HANDLE(LoadKept) HANDLE(StoreKept) HANDLE(KeepNone) HANDLE(Mask) HANDLE(Rewrite) HANDLE(Score) HANDLE(ClearUnkept) HANDLE(StoreOutput)
              HANDLE(StoreLse)
#undef HANDLE
      // clang-format on
      if (auto await = dyn_cast<AwaitOp>(op)) return waitBarrier(
          barrierAt(offsets.at(await.getBarrier())), i32(0)),
      success();
  if (isa_and_nonnull<HopDialect>(op->getDialect()))
    return failure();
  // Scalars: arith, and ht's reads of the arguments, which ht-lower-scalars takes later.
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, one(operand));
  Operation *copy = builder.clone(*op, mapping);
  for (auto [from, to] : llvm::zip(op->getResults(), copy->getResults()))
    give(from, {to});
  return success();
}

Value Emitter::itemField(int64_t offset) {
  // Volatile, or LLVM would keep the item's address in registers from the first read to the last.
  Value block =
      assembly("mov.u32 $0, %ctaid.x;", "=r", {}, TypeRange{builder.getI32Type()}).front();
  Value work = argument(LLVM::LLVMPointerType::get(builder.getContext(), 1), layout::work);
  Value item = LLVM::GEPOp::create(builder, work.getType(), builder.getI8Type(), work,
                                   ValueRange{multiply(block, layout::itemBytes)});
  Value field = LLVM::GEPOp::create(builder, work.getType(), builder.getI8Type(), item,
                                    ValueRange{i32(offset)});
  return LLVM::LoadOp::create(builder, builder.getI32Type(), field, /*alignment=*/4);
}

void Emitter::emitItem(ItemOp item) {
  for (auto [index, result] : llvm::enumerate(item->getResults()))
    give(result, {itemField(4 * int64_t(index))});
}

//===-- Scalars ------------------------------------------------------------------------------===//

Value Emitter::i32(int64_t value) {
  return LLVM::ConstantOp::create(builder, builder.getI32Type(), builder.getI32IntegerAttr(value));
}
Value Emitter::i64(int64_t value) {
  return LLVM::ConstantOp::create(builder, builder.getI64Type(), builder.getI64IntegerAttr(value));
}
Value Emitter::f32(float value) {
  return LLVM::ConstantOp::create(builder, builder.getF32Type(), builder.getF32FloatAttr(value));
}
Value Emitter::add(Value a, Value b) { return LLVM::AddOp::create(builder, a, b); }
Value Emitter::add(Value a, int64_t b) { return b ? add(a, i32(b)) : a; }
Value Emitter::multiply(Value a, int64_t b) { return LLVM::MulOp::create(builder, a, i32(b)); }

Value Emitter::uniform(Value x) {
  return NVVM::ShflOp::create(builder, builder.getI32Type(), fullMask, x, i32(0), i32(31),
                              NVVM::ShflKind::idx, UnitAttr());
}

Value Emitter::argument(Type type, int64_t offset) {
  Value field = LLVM::GEPOp::create(builder, function.getArgument(0).getType(), builder.getI8Type(),
                                    function.getArgument(0), ValueRange{i32(offset)});
  auto pointer = dyn_cast<LLVM::LLVMPointerType>(type);
  if (!pointer)
    return LLVM::LoadOp::create(builder, type, field);
  Value generic =
      LLVM::LoadOp::create(builder, LLVM::LLVMPointerType::get(builder.getContext()), field);
  return LLVM::AddrSpaceCastOp::create(builder, pointer, generic);
}

std::array<Value, 2> Emitter::rowsOf(Value first) {
  Value row =
      add(add(first, multiply(warpInGroup, 16)), LLVM::LShrOp::create(builder, lane, i32(2)));
  return {row, add(row, 8)};
}

Value Emitter::sharedAt(Value offset) {
  return LLVM::GEPOp::create(builder, shared.getType(), builder.getI8Type(), shared,
                             ValueRange{offset});
}

void Emitter::ifThen(Value condition, function_ref<void()> body) {
  auto branch = scf::IfOp::create(builder, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body();
}

} // namespace halftone::hop
