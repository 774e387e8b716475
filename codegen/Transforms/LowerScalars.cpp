// ht-lower-scalars: the operations of ht that read the kernel's arguments become loads.
#include "codegen/ArgumentLayout.h"
#include "codegen/Dialect/Ht/HtDialect.h"
#include "codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;

namespace halftone {

#define GEN_PASS_DEF_LOWERSCALARSPASS
#include "codegen/Passes.h.inc"

namespace {

/// The kernel's arguments as one function reads them. Base pointers are loaded once, at its entry.
class ArgumentReader {
public:
  ArgumentReader(FunctionOpInterface function)
      : isGpu(function->hasAttr("nvvm.kernel")), function(function) {}

  const bool isGpu;

  /// A field of KernelArguments.
  Value field(ImplicitLocOpBuilder &builder, int64_t offset, Type type) {
    Value address =
        at(builder, function.getArgument(0), builder.getI8Type(), LLVM::GEPArg(int32_t(offset)));
    return load(builder, address, type);
  }

  /// array[index], where the array's pointer is a field of KernelArguments.
  Value element(ImplicitLocOpBuilder &builder, int64_t arrayOffset, LLVM::GEPArg index, Type type,
                bool anew = false) {
    return load(builder, at(builder, array(builder, arrayOffset), type, index), type, anew);
  }

private:
  Value array(ImplicitLocOpBuilder &builder, int64_t offset) {
    Value &base = arrays[offset];
    if (base)
      return base;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getFunctionBody().front());
    base = field(builder, offset, LLVM::LLVMPointerType::get(builder.getContext()));
    if (isGpu)
      base = LLVM::AddrSpaceCastOp::create(
          builder, LLVM::LLVMPointerType::get(builder.getContext(), /*addressSpace=*/1), base);
    return base;
  }

  Value at(ImplicitLocOpBuilder &builder, Value base, Type type, LLVM::GEPArg index) {
    return LLVM::GEPOp::create(builder, base.getType(), type, base, index,
                               LLVM::GEPNoWrapFlags::inbounds);
  }

  /// `anew`: a load that stays where it is, and is not shared with another.
  Value load(ImplicitLocOpBuilder &builder, Value address, Type type, bool anew = false) {
    unsigned alignment = type.isIntOrFloat() ? type.getIntOrFloatBitWidth() / 8 : 8;
    return LLVM::LoadOp::create(builder, type, address, alignment, /*isVolatile=*/anew,
                                /*isNonTemporal=*/false, /*isInvariant=*/!anew);
  }

  FunctionOpInterface function;
  llvm::DenseMap<int64_t, Value> arrays;
};

/// Lowers the operations of one function.
class ScalarLowering {
public:
  ScalarLowering(FunctionOpInterface function, bool constantsInPlace)
      : reader(function), readsPassed(constantsInPlace && reader.isGpu) {}

  Value lower(ImplicitLocOpBuilder &builder, Operation *op) {
    if (auto argument = dyn_cast<ht::ArgumentOp>(op))
      return reader.field(builder, offsetOf(argument.getWhich()), argument.getType());
    if (auto parameter = dyn_cast<ht::ParameterOp>(op)) {
      if (isPassed(parameter)) {
        Value value = reader.field(builder, offsetOf(parameter), builder.getI64Type());
        return resize(builder, value, parameter.getType());
      }
      Value value = reader.element(builder, layout::constants, int32_t(parameter.getIndex()),
                                   builder.getI64Type(), parameter.getAnew());
      return resize(builder, value, parameter.getType());
    }
    if (auto slope = dyn_cast<ht::SlopeOp>(op)) {
      Value heads = reader.field(builder, layout::heads, builder.getI32Type());
      Value bias = arith::ConstantOp::create(builder, builder.getI32IntegerAttr(slope.getBias()));
      Value position = arith::AddIOp::create(builder, arith::MulIOp::create(builder, bias, heads),
                                             slope.getHead());
      return reader.element(builder, layout::slopes, position, builder.getF32Type());
    }
    if (auto table = dyn_cast<ht::TableOp>(op)) {
      Value position =
          arith::AddIOp::create(builder, resize(builder, table.getOffset(), builder.getI32Type()),
                                resize(builder, table.getIndex(), builder.getI32Type()));
      return resize(builder, tableEntry(builder, position), table.getType());
    }
    if (auto kept = dyn_cast<ht::BlockKeptOp>(op))
      return lowerBlockKept(builder, kept);
    return {};
  }

  /// n / c and n mod c of a constant c that is passed, which ImportProgram makes of numbers below
  /// 2^31 alone: by a product (ConstantArgument). None for another operation.
  Value lowerDivision(ImplicitLocOpBuilder &builder, Operation *op) {
    if (!isa<arith::DivUIOp, arith::RemUIOp>(op) || !op->getResult(0).getType().isInteger(32))
      return {};
    auto divisor = op->getOperand(1).getDefiningOp<ht::ParameterOp>();
    if (!divisor || !isPassed(divisor))
      return {};
    Type half = builder.getI32Type(), full = builder.getI64Type();
    Value number = op->getOperand(0);
    auto part = [&](int64_t offset) {
      return reader.field(builder, offsetOf(divisor) + offset, half);
    };
    auto widened = [&](Value value) -> Value {
      return arith::ExtUIOp::create(builder, full, value);
    };
    Value twice = arith::ShLIOp::create(builder, number, this->number(builder, 1));
    Value product =
        arith::MulIOp::create(builder, widened(twice), widened(part(layout::constantMultiplier)));
    Value by32 = arith::ConstantOp::create(builder, builder.getI64IntegerAttr(32));
    Value high =
        arith::TruncIOp::create(builder, half, arith::ShRUIOp::create(builder, product, by32));
    Value quotient = arith::ShRUIOp::create(builder, high, part(layout::constantShift));
    if (isa<arith::DivUIOp>(op))
      return quotient;
    return arith::SubIOp::create(builder, number,
                                 arith::MulIOp::create(builder, quotient, divisor.getValue()));
  }

private:
  bool isPassed(ht::ParameterOp parameter) {
    return readsPassed && parameter.getIndex() < uint32_t(passedConstants);
  }

  static int64_t offsetOf(ht::ParameterOp parameter) {
    return layout::constant + layout::constantBytes * parameter.getIndex();
  }

  static int64_t offsetOf(ht::Argument which) {
    switch (which) {
    case ht::Argument::Scale:
      return layout::scale;
    case ht::Argument::Softcap:
      return layout::softcap;
    case ht::Argument::QueryLength:
      return layout::queryLength;
    case ht::Argument::KeyLength:
      return layout::keyLength;
    }
    llvm_unreachable("every argument is handled above");
  }

  /// Positions in tables, and block numbers, fit in 32 bits also in a wide program.
  Value resize(ImplicitLocOpBuilder &builder, Value value, Type type) {
    unsigned from = value.getType().getIntOrFloatBitWidth(), to = type.getIntOrFloatBitWidth();
    if (from > to)
      return arith::TruncIOp::create(builder, type, value);
    return from < to ? arith::ExtSIOp::create(builder, type, value) : value;
  }

  Value tableEntry(ImplicitLocOpBuilder &builder, Value position) {
    return reader.element(builder, layout::tables, position, builder.getI32Type());
  }

  Value number(ImplicitLocOpBuilder &builder, int32_t value) {
    return arith::ConstantOp::create(builder, builder.getI32IntegerAttr(value));
  }

  /// The runs of a row are pairs (begin, end) at [low, high). Finds the first that begins after the
  /// key block; the one before it is the only one that can hold it. Where there is none, the entry
  /// before the row's first still lies in the table, so that it is read without a branch.
  Value lowerBlockKept(ImplicitLocOpBuilder &builder, ht::BlockKeptOp op) {
    Type integer = builder.getI32Type();
    Value row = arith::AddIOp::create(builder, resize(builder, op.getOffset(), integer),
                                      resize(builder, op.getQueryBlock(), integer));
    Value key = resize(builder, op.getKeyBlock(), integer);
    Value first = tableEntry(builder, row);
    Value last = tableEntry(builder, arith::AddIOp::create(builder, row, number(builder, 1)));
    auto search = scf::WhileOp::create(
        builder, TypeRange{integer, integer}, ValueRange{first, last},
        [&](OpBuilder &inner, Location location, ValueRange bounds) {
          Value open = arith::CmpIOp::create(inner, location, arith::CmpIPredicate::slt, bounds[0],
                                             bounds[1]);
          scf::ConditionOp::create(inner, location, open, bounds);
        },
        [&](OpBuilder &inner, Location location, ValueRange bounds) {
          ImplicitLocOpBuilder body(location, inner);
          Value two = number(body, 2);
          Value width = arith::SubIOp::create(body, bounds[1], bounds[0]);
          Value half = arith::ShLIOp::create(body, arith::ShRUIOp::create(body, width, two),
                                             number(body, 1));
          Value middle = arith::AddIOp::create(body, bounds[0], half);
          Value begins =
              arith::CmpIOp::create(body, arith::CmpIPredicate::sle, tableEntry(body, middle), key);
          Value after = arith::AddIOp::create(body, middle, two);
          Value low = arith::SelectOp::create(body, begins, after, bounds[0]);
          Value high = arith::SelectOp::create(body, begins, bounds[1], middle);
          scf::YieldOp::create(body, ValueRange{low, high});
        });
    Value found = search.getResult(0);
    Value end = tableEntry(builder, arith::SubIOp::create(builder, found, number(builder, 1)));
    Value exists = arith::CmpIOp::create(builder, arith::CmpIPredicate::sgt, found, first);
    Value inside = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, key, end);
    return arith::AndIOp::create(builder, exists, inside);
  }

  ArgumentReader reader;
  bool readsPassed;
};

struct LowerScalarsPass : impl::LowerScalarsPassBase<LowerScalarsPass> {
  using LowerScalarsPassBase::LowerScalarsPassBase;

  void runOnOperation() override {
    WalkResult result = getOperation()->walk<WalkOrder::PreOrder>(
        [&](FunctionOpInterface function) { return lowerFunction(function); });
    if (result.wasInterrupted())
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    populatePolynomialApproximateTanhPattern(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }

  WalkResult lowerFunction(FunctionOpInterface function) {
    SmallVector<Operation *> reads, divisions;
    function->walk([&](Operation *op) {
      if (isa<arith::DivUIOp, arith::RemUIOp>(op))
        divisions.push_back(op);
      if (isa<ht::ArgumentOp, ht::ParameterOp, ht::TableOp, ht::SlopeOp, ht::BlockKeptOp>(op))
        reads.push_back(op);
    });
    if (reads.empty())
      return WalkResult::skip();
    if (function.getNumArguments() == 0 ||
        !isa<LLVM::LLVMPointerType>(function.getArgument(0).getType())) {
      reads.front()->emitOpError()
          << "reads the kernel's arguments in a function whose first argument is no !llvm.ptr";
      return WalkResult::interrupt();
    }
    ScalarLowering lowering(function, constantsInPlace);
    for (Operation *op : divisions) {
      ImplicitLocOpBuilder builder(op->getLoc(), op);
      if (Value value = lowering.lowerDivision(builder, op)) {
        op->getResult(0).replaceAllUsesWith(value);
        op->erase();
      }
    }
    for (Operation *op : reads) {
      ImplicitLocOpBuilder builder(op->getLoc(), op);
      op->getResult(0).replaceAllUsesWith(lowering.lower(builder, op));
      op->erase();
    }
    return WalkResult::skip();
  }
};

} // namespace
} // namespace halftone
