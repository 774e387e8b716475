// Lowers f32 functions to the hardware's approximations, accurate to about 2^-22. They stay pure,
// so that LLVM may move them, unlike PTX text.
#include "codegen/Transforms/MmaScalars.h"
#include "codegen/Transforms/MmaToNvvmPatterns.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

#include <numbers>

using namespace mlir;
using namespace halftone;

namespace {

Value call(OpBuilder &builder, Location loc, StringRef intrinsic, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(builder, loc, builder.getF32Type(),
                                       builder.getStringAttr(intrinsic), operands)
      .getResults();
}

struct LowerExp2 : OpConversionPattern<math::Exp2Op> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(math::Exp2Op op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(
        op, call(rewriter, op.getLoc(), "llvm.nvvm.ex2.approx.ftz.f", adaptor.getOperand()));
    return success();
  }
};

struct LowerLog2 : OpConversionPattern<math::Log2Op> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(math::Log2Op op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(
        op, call(rewriter, op.getLoc(), "llvm.nvvm.lg2.approx.ftz.f", adaptor.getOperand()));
    return success();
  }
};

struct LowerFma : OpConversionPattern<math::FmaOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(math::FmaOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<LLVM::FMAOp>(op, adaptor.getA(), adaptor.getB(), adaptor.getC());
    return success();
  }
};

/// tanh(x) = 1 - 2 / (exp(2x) + 1): right at both ends, where exp(2x) is infinite or 0, and within
/// 3e-7 between them.
struct LowerTanh : OpConversionPattern<math::TanhOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(math::TanhOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    MmaScalars scalars(op.getLoc(), rewriter);
    Value exponent = arith::MulFOp::create(scalars, adaptor.getOperand(),
                                           scalars.real(2 * std::numbers::log2e_v<float>),
                                           arith::FastMathFlags::contract);
    Value power = call(rewriter, op.getLoc(), "llvm.nvvm.ex2.approx.ftz.f", exponent);
    Value sum = arith::AddFOp::create(scalars, power, scalars.real(1.0f));
    Value inverse = call(rewriter, op.getLoc(), "llvm.nvvm.rcp.approx.ftz.f", sum);
    rewriter.replaceOpWithNewOp<LLVM::FMAOp>(op, inverse, scalars.real(-2.0f), scalars.real(1.0f));
    return success();
  }
};

/// a / b as a * (1 / b): without it every division is a subroutine.
struct LowerDivide : OpConversionPattern<arith::DivFOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(arith::DivFOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Value reciprocal = call(rewriter, op.getLoc(), "llvm.nvvm.rcp.approx.ftz.f", adaptor.getRhs());
    if (matchPattern(op.getLhs(), m_OneFloat()))
      rewriter.replaceOp(op, reciprocal);
    else
      rewriter.replaceOpWithNewOp<arith::MulFOp>(op, adaptor.getLhs(), reciprocal,
                                                 arith::FastMathFlags::contract);
    return success();
  }
};

} // namespace

void halftone::populateMmaMathPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerExp2, LowerLog2, LowerFma, LowerTanh, LowerDivide>(patterns.getContext());
}
