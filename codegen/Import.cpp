#include "codegen/Import.h"

#include "codegen/Dialect/Ht/HtDialect.h"
#include "codegen/ImportProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace halftone {

namespace {

Type elementType(MLIRContext &context, Element element) {
  switch (element) {
  case Element::F32:
    return Float32Type::get(&context);
  case Element::F16:
    return Float16Type::get(&context);
  case Element::BF16:
    return BFloat16Type::get(&context);
  }
  llvm_unreachable("every element type is handled above");
}

/// The region's block, over (score,) batch, head, query and key.
Block &addBlock(Region &region, Location location, bool withScore) {
  MLIRContext *context = region.getContext();
  Block &block = region.emplaceBlock();
  if (withScore)
    block.addArgument(Float32Type::get(context), location);
  for (int axis = 0; axis < 4; ++axis)
    block.addArgument(IntegerType::get(context, 32), location);
  return block;
}

PairValues pairOf(Block &block, unsigned first) {
  return {block.getArgument(first), block.getArgument(first + 1), block.getArgument(first + 2),
          block.getArgument(first + 3)};
}

void buildMask(ht::AttentionOp attention, const Program &program) {
  Location location = attention.getLoc();
  Block &block = addBlock(attention.getMask(), location, /*withScore=*/false);
  auto builder = OpBuilder::atBlockEnd(&block);
  SmallVector<Value> kept =
      importProgram(builder, location, program, pairOf(block, 0), program.mask);
  ht::YieldOp::create(builder, location, kept);
}

/// softcap(score) + sum of slope * distance, softcap(y) = c * tanh(y / c).
void buildScore(ht::AttentionOp attention, const Problem &problem, const Program &program) {
  Location location = attention.getLoc();
  Block &block = addBlock(attention.getScore(), location, /*withScore=*/true);
  auto builder = ImplicitLocOpBuilder::atBlockEnd(location, &block);
  Type real = builder.getF32Type();
  Value score = block.getArgument(0);
  if (problem.softcap()) {
    Value cap = ht::ArgumentOp::create(builder, real, ht::Argument::Softcap);
    Value one = arith::ConstantOp::create(builder, builder.getF32FloatAttr(1.0f));
    Value inverse = arith::DivFOp::create(builder, one, cap);
    Value small = arith::MulFOp::create(builder, score, inverse);
    score = arith::MulFOp::create(builder, math::TanhOp::create(builder, small), cap);
  }
  SmallVector<Value> distances =
      importProgram(builder, location, program, pairOf(block, 1), program.distances);
  for (auto [bias, distance] : llvm::enumerate(distances)) {
    Value slope = ht::SlopeOp::create(builder, real, uint32_t(bias), block.getArgument(2));
    Value steps = arith::SIToFPOp::create(builder, real, distance);
    score = arith::AddFOp::create(builder, score, arith::MulFOp::create(builder, slope, steps));
  }
  ht::YieldOp::create(builder, score);
}

} // namespace

OwningOpRef<ModuleOp> importProblem(MLIRContext &context, const Problem &problem,
                                    const Program &program, llvm::StringRef entry) {
  context.loadDialect<ht::HtDialect, arith::ArithDialect, math::MathDialect>();
  Location location = NameLoc::get(StringAttr::get(&context, "problem"));
  OwningOpRef<ModuleOp> module = ModuleOp::create(location);
  auto builder = OpBuilder::atBlockEnd(module->getBody());
  auto attention =
      ht::AttentionOp::create(builder, location, entry, uint32_t(problem.shape().headDim),
                              elementType(context, problem.shape().element), problem.shape().lse);
  if (!program.keepsAll())
    buildMask(attention, program);
  if (problem.softcap() || !problem.biases().empty())
    buildScore(attention, problem, program);
  return module;
}

} // namespace halftone
