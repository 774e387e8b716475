// ht-tile-attention: ht.attention becomes ht.kernel.
#include "codegen/Dialect/Ht/HtDialect.h"
#include "codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <limits>
#include <numbers>

using namespace mlir;

namespace halftone {

#define GEN_PASS_DEF_TILEATTENTIONPASS
#include "codegen/Passes.h.inc"

namespace {

/// Whether an operation of a mask may only be given tokens that exist: a look-up must stay in its
/// table, and a divisor is known not to be 0, a shift not to be too large, only for those.
bool needsRealTokens(Operation &op) {
  return isa<ht::TableOp, ht::BlockKeptOp, arith::ShLIOp>(op) || !isSpeculatable(&op);
}

class KernelBuilder {
public:
  KernelBuilder(ht::AttentionOp attention, const TileAttentionPassOptions &options)
      : attention(attention), options(options), builder(attention.getLoc(), attention) {}

  void build() {
    createKernel();
    loadArguments();
    hoistScalars();
    Value query = ht::LoadTileOp::create(builder, tile(options.tileQ, headDim(), element()),
                                         ht::Operand::Query, item.getQuery(), item.getHead(),
                                         item.getBatch());
    float least = -std::numeric_limits<float>::infinity();
    SmallVector<Value> state{fill(least, {options.tileQ}), fill(0, {options.tileQ}),
                             fill(0, {options.tileQ, headDim()})};
    state = walk(ht::Coverage::Full, query, item.getFirst(), item.getFull(), state);
    Value second = arith::AddIOp::create(builder, item.getFirst(), item.getFull());
    state = walk(ht::Coverage::Partial, query, second, item.getPartial(), state);
    finish(state);
  }

private:
  using TileShape = ArrayRef<int64_t>;

  int64_t headDim() { return attention.getHeadDim(); }
  Type element() { return attention.getElement(); }
  Type real() { return builder.getF32Type(); }
  ht::TileType tile(TileShape shape, Type type) {
    return ht::TileType::get(builder.getContext(), shape, type);
  }
  ht::TileType tile(int64_t rows, int64_t columns, Type type) {
    return tile({rows, columns}, type);
  }
  Value fill(float value, TileShape shape) {
    return ht::FillOp::create(builder, tile(shape, real()), APFloat(value));
  }

  void createKernel() {
    kernel =
        ht::KernelOp::create(builder, attention.getSymName(), attention.getHeadDim(), element(),
                             uint32_t(options.tileQ), uint32_t(options.tileK),
                             uint32_t(options.stages), uint32_t(options.warps), attention.getLse());
    builder.setInsertionPointToStart(&kernel.getBody().emplaceBlock());
  }

  /// The softmax works in powers of two: `scale` is in units of log2. Where there is a score region
  /// it scales by itself, and what enters the softmax is the score.
  void loadArguments() {
    Type integer = builder.getI32Type();
    item = ht::WorkItemOp::create(builder, SmallVector<Type>(6, integer));
    keyLength = ht::ArgumentOp::create(builder, integer, ht::Argument::KeyLength);
    scale = ht::ArgumentOp::create(builder, real(), ht::Argument::Scale);
    softmaxScale =
        arith::ConstantOp::create(builder, builder.getF32FloatAttr(float(std::numbers::log2e)));
    if (attention.getScore().empty())
      softmaxScale = arith::MulFOp::create(builder, scale, softmaxScale);
    clampMask = llvm::any_of(attention.getMask().getOps(), needsRealTokens);
    clampScore = llvm::any_of(attention.getScore().getOps(), needsRealTokens);
    if (clampMask || clampScore) {
      Value queryLength = ht::ArgumentOp::create(builder, integer, ht::Argument::QueryLength);
      Value one = arith::ConstantOp::create(builder, builder.getI32IntegerAttr(1));
      lastQuery = arith::SubIOp::create(builder, queryLength, one);
      lastKey = arith::SubIOp::create(builder, keyLength, one);
    }
  }

  /// What a region computes from batch and head alone is computed once, before the loops.
  void hoistScalars() {
    for (Region *region : {&attention.getMask(), &attention.getScore()}) {
      if (region->empty())
        continue;
      unsigned first = region->getNumArguments() - 4;
      hoisted.map(region->getArgument(first), item.getBatch());
      hoisted.map(region->getArgument(first + 1), item.getHead());
      for (Operation &op : region->front().without_terminator()) {
        auto isKnown = [&](Value operand) { return hoisted.contains(operand); };
        if (isPure(&op) && !isa<ht::TableOp, ht::BlockKeptOp>(op) &&
            llvm::all_of(op.getOperands(), isKnown))
          builder.clone(op, hoisted);
      }
    }
  }

  /// Clones a region of ht.attention at the insertion point and returns what it yields. Batch and
  /// head are the work item's, so only query and key are taken from `block`.
  Value inlineRegion(Region &region, Value score, Value query, Value key, bool clamp) {
    IRMapping mapping = hoisted;
    unsigned first = region.getNumArguments() - 4;
    if (score)
      mapping.map(region.getArgument(0), score);
    if (clamp) {
      query = arith::MinUIOp::create(builder, query, lastQuery);
      key = arith::MinUIOp::create(builder, key, lastKey);
    }
    mapping.map(region.getArgument(first + 2), query);
    mapping.map(region.getArgument(first + 3), key);
    for (Operation &op : region.front().without_terminator())
      if (op.getNumResults() == 0 || !hoisted.contains(op.getResult(0)))
        builder.clone(op, mapping);
    return mapping.lookupOrDefault(region.front().getTerminator()->getOperand(0));
  }

  /// Starts the one block of a region over (`first`,) batch, head, query and key.
  Block &enterBody(Region &region, Type first = {}) {
    Block &block = region.emplaceBlock();
    if (first)
      block.addArgument(first, builder.getLoc());
    for (int axis = 0; axis < 4; ++axis)
      block.addArgument(builder.getI32Type(), builder.getLoc());
    builder.setInsertionPointToStart(&block);
    return block;
  }

  Value scoreTile(Value products, Value keyRow) {
    auto op = ht::ScoreOp::create(builder, products.getType(), products, item.getBatch(),
                                  item.getHead(), item.getQuery(), keyRow);
    OpBuilder::InsertionGuard guard(builder);
    Block &block = enterBody(op.getBody(), real());
    Value scaled = arith::MulFOp::create(builder, block.getArgument(0), scale);
    Value score = inlineRegion(attention.getScore(), scaled, block.getArgument(3),
                               block.getArgument(4), clampScore);
    ht::YieldOp::create(builder, score);
    return op.getResult();
  }

  /// Keeps a pair if the key exists and the mask says so. A select, not an `and`: where the key
  /// does not exist, what the mask computes may be poison.
  ht::MaskOp maskTile(Value scores, Value keyRow) {
    auto op = ht::MaskOp::create(builder, scores.getType(),
                                 tile(options.tileQ, options.tileK, builder.getI1Type()), scores,
                                 item.getBatch(), item.getHead(), item.getQuery(), keyRow);
    OpBuilder::InsertionGuard guard(builder);
    Block &block = enterBody(op.getBody());
    Value key = block.getArgument(3);
    Value kept = arith::CmpIOp::create(builder, arith::CmpIPredicate::ult, key, keyLength);
    if (!attention.getMask().empty()) {
      Value said = inlineRegion(attention.getMask(), {}, block.getArgument(2), key, clampMask);
      Value no = arith::ConstantOp::create(builder, builder.getBoolAttr(false));
      kept = arith::SelectOp::create(builder, kept, said, no);
    }
    ht::YieldOp::create(builder, kept);
    return op;
  }

  /// One loop; `state` is maximum, sum and accumulator.
  SmallVector<Value> walk(ht::Coverage coverage, Value query, Value first, Value count,
                          ArrayRef<Value> state) {
    auto loop = ht::ForKeyTilesOp::create(builder, ValueRange(state).getTypes(), coverage, first,
                                          count, state);
    OpBuilder::InsertionGuard guard(builder);
    Block &body = loop.getBody().emplaceBlock();
    Value keyRow = body.addArgument(builder.getI32Type(), builder.getLoc());
    for (Value carried : state)
      body.addArgument(carried.getType(), builder.getLoc());
    builder.setInsertionPointToStart(&body);

    ht::TileType keyTile = tile(options.tileK, headDim(), element());
    Value key = ht::LoadTileOp::create(builder, keyTile, ht::Operand::Key, keyRow, item.getHead(),
                                       item.getBatch());
    Value scores = ht::ProductOp::create(builder, tile(options.tileQ, options.tileK, real()), query,
                                         key, Value(), /*transposeB=*/true);
    if (!attention.getScore().empty())
      scores = scoreTile(scores, keyRow);
    Value kept;
    if (coverage == ht::Coverage::Partial) {
      ht::MaskOp mask = maskTile(scores, keyRow);
      scores = mask.getResult();
      kept = mask.getKept();
    }
    Value maximum = body.getArgument(1), sum = body.getArgument(2), into = body.getArgument(3);
    auto step = ht::SoftmaxStepOp::create(builder, tile(options.tileQ, options.tileK, element()),
                                          maximum.getType(), sum.getType(), maximum.getType(),
                                          scores, maximum, sum, softmaxScale);
    Value rescaled = ht::RescaleOp::create(builder, into.getType(), into, step.getCorrection());
    Value value = ht::LoadTileOp::create(builder, keyTile, ht::Operand::Value, keyRow,
                                         item.getHead(), item.getBatch());
    if (kept)
      value = ht::ClearUnkeptOp::create(builder, keyTile, value, kept);
    Value accumulator = ht::ProductOp::create(builder, into.getType(), step.getWeights(), value,
                                              rescaled, /*transposeB=*/false);
    ht::YieldOp::create(builder, ValueRange{step.getNewMaximum(), step.getNewSum(), accumulator});
    return SmallVector<Value>(loop.getResults());
  }

  void finish(ArrayRef<Value> state) {
    auto end = ht::SoftmaxEndOp::create(builder, state[2].getType(), state[0].getType(), state[2],
                                        state[0], state[1], softmaxScale);
    ht::StoreTileOp::create(builder, end.getOutput(), item.getQuery(), item.getHead(),
                            item.getBatch());
    if (attention.getLse())
      ht::StoreLseOp::create(builder, end.getLse(), item.getQuery(), item.getHead(),
                             item.getBatch());
  }

  ht::AttentionOp attention;
  const TileAttentionPassOptions &options;
  ImplicitLocOpBuilder builder;
  ht::KernelOp kernel;
  ht::WorkItemOp item;
  Value keyLength, scale, softmaxScale, lastQuery, lastKey;
  bool clampMask = false, clampScore = false;
  IRMapping hoisted;
};

struct TileAttentionPass : impl::TileAttentionPassBase<TileAttentionPass> {
  using TileAttentionPassBase::TileAttentionPassBase;

  void runOnOperation() override {
    TileAttentionPassOptions sizes;
    sizes.tileQ = tileQ;
    sizes.tileK = tileK;
    sizes.stages = stages;
    sizes.warps = warps;
    for (auto [name, value] : {std::pair{"tile-q", sizes.tileQ},
                               {"tile-k", sizes.tileK},
                               {"stages", sizes.stages},
                               {"warps", sizes.warps}})
      if (value <= 0) {
        getOperation().emitError()
            << "ht-tile-attention: " << name << " is " << value << "; it must be positive";
        return signalPassFailure();
      }
    for (auto attention : llvm::make_early_inc_range(getOperation().getOps<ht::AttentionOp>())) {
      KernelBuilder(attention, sizes).build();
      attention.erase();
    }
  }
};

} // namespace
} // namespace halftone
