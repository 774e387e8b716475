#include "codegen/ImportProgram.h"

#include "codegen/Dialect/Ht/HtDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace halftone {

namespace {

using Op = Instruction::Op;

class ProgramImporter {
public:
  ProgramImporter(OpBuilder &builder, Location location, const Program &program,
                  const PairValues &pair)
      : builder(location, builder), program(program), pair(pair),
        integer(builder.getIntegerType(program.wide ? 64 : 32)), values(program.code.size()) {}

  Value valueOf(int32_t number) {
    Value &value = values[size_t(number)];
    if (!value)
      value = emit(program.code[size_t(number)]);
    return value;
  }

  /// Marks what `wanted` reaches, then emits it in program order: a recursion as deep as the
  /// program is long would let a long pattern overflow the stack.
  SmallVector<Value> import(ArrayRef<int32_t> wanted) {
    std::vector<bool> needed(program.code.size());
    for (int32_t number : wanted)
      needed[size_t(number)] = true;
    for (size_t number = program.code.size(); number-- > 0;)
      if (needed[number])
        for (int32_t operand : program.code[number].operands)
          if (operand >= 0)
            needed[size_t(operand)] = true;
    for (size_t number = 0; number < program.code.size(); ++number)
      if (needed[number])
        valueOf(int32_t(number));
    SmallVector<Value> results;
    for (int32_t number : wanted)
      results.push_back(valueOf(number));
    return results;
  }

private:
  Value operand(const Instruction &step, int position) {
    return valueOf(step.operands[size_t(position)]);
  }

  /// Token numbers are not negative, so that widening them is free of signs.
  Value input(Value token) {
    return program.wide ? arith::ExtUIOp::create(builder, integer, token) : token;
  }

  Value constant(int64_t value) {
    return arith::ConstantOp::create(builder, builder.getIntegerAttr(integer, value));
  }

  Value compare(arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, predicate, a, b);
  }

  bool isAbs(const Instruction &step, int position) {
    return program.code[size_t(step.operands[size_t(position)])].op == Op::Abs;
  }

  /// |x| <= c as -c <= x and x <= c. Two plain bounds are fewer instructions where x is the same
  /// for a whole row or column, and ptxas 13.0 is known to get some predicates on |a - b| wrong.
  Value absWithin(const Instruction &step, int absPosition, bool strict) {
    const Instruction &abs = program.code[size_t(step.operands[size_t(absPosition)])];
    Value x = operand(abs, 0), bound = operand(step, 1 - absPosition);
    Value negative = arith::SubIOp::create(builder, constant(0), bound);
    auto below = strict ? arith::CmpIPredicate::slt : arith::CmpIPredicate::sle;
    return arith::AndIOp::create(builder, compare(below, negative, x), compare(below, x, bound));
  }

  Value negation(Value truth) {
    Value one = arith::ConstantOp::create(builder, builder.getBoolAttr(true));
    return arith::XOrIOp::create(builder, truth, one);
  }

  /// Orders, with the comparisons of an absolute value taken apart.
  Value order(const Instruction &step) {
    switch (step.op) {
    case Op::Less:
      if (isAbs(step, 0))
        return absWithin(step, 0, /*strict=*/true);
      if (isAbs(step, 1))
        return negation(absWithin(step, 1, /*strict=*/false));
      return compare(arith::CmpIPredicate::slt, operand(step, 0), operand(step, 1));
    case Op::LessEqual:
      if (isAbs(step, 0))
        return absWithin(step, 0, /*strict=*/false);
      if (isAbs(step, 1))
        return negation(absWithin(step, 1, /*strict=*/true));
      return compare(arith::CmpIPredicate::sle, operand(step, 0), operand(step, 1));
    case Op::Greater:
      if (isAbs(step, 1))
        return absWithin(step, 1, /*strict=*/true);
      if (isAbs(step, 0))
        return negation(absWithin(step, 0, /*strict=*/false));
      return compare(arith::CmpIPredicate::sgt, operand(step, 0), operand(step, 1));
    default:
      if (isAbs(step, 1))
        return absWithin(step, 1, /*strict=*/false);
      if (isAbs(step, 0))
        return negation(absWithin(step, 0, /*strict=*/true));
      return compare(arith::CmpIPredicate::sge, operand(step, 0), operand(step, 1));
    }
  }

  /// Division that rounds towards minus infinity, by the one that rounds towards zero: where the
  /// remainder is not 0 and its sign is not the divisor's, one less.
  Value floored(const Instruction &step) {
    Value a = operand(step, 0), b = operand(step, 1), zero = constant(0);
    Value remainder = arith::RemSIOp::create(builder, a, b);
    Value signs = arith::XOrIOp::create(builder, remainder, b);
    Value below = arith::AndIOp::create(builder, compare(arith::CmpIPredicate::ne, remainder, zero),
                                        compare(arith::CmpIPredicate::slt, signs, zero));
    if (step.op == Op::Mod)
      return arith::SelectOp::create(builder, below, arith::AddIOp::create(builder, remainder, b),
                                     remainder);
    Value quotient = arith::DivSIOp::create(builder, a, b);
    return arith::SelectOp::create(builder, below,
                                   arith::SubIOp::create(builder, quotient, constant(1)), quotient);
  }

  Value emit(const Instruction &step) {
    switch (step.op) {
    case Op::QueryIndex:
      return input(pair.query);
    case Op::KeyIndex:
      return input(pair.key);
    case Op::Head:
      return input(pair.head);
    case Op::Batch:
      return input(pair.batch);
    case Op::Constant:
      return ht::ParameterOp::create(builder, integer, uint32_t(step.value));
    case Op::Add:
      return arith::AddIOp::create(builder, operand(step, 0), operand(step, 1));
    case Op::Sub:
      return arith::SubIOp::create(builder, operand(step, 0), operand(step, 1));
    case Op::Mul:
      return arith::MulIOp::create(builder, operand(step, 0), operand(step, 1));
    case Op::FloorDiv:
    case Op::Mod:
      return floored(step);
    case Op::DivPositive:
      return arith::DivUIOp::create(builder, operand(step, 0), operand(step, 1));
    case Op::ModPositive:
      return arith::RemUIOp::create(builder, operand(step, 0), operand(step, 1));
    case Op::Min:
      return arith::MinSIOp::create(builder, operand(step, 0), operand(step, 1));
    case Op::Max:
      return arith::MaxSIOp::create(builder, operand(step, 0), operand(step, 1));
    case Op::Abs: {
      Value x = operand(step, 0);
      return arith::MaxSIOp::create(builder, x, arith::SubIOp::create(builder, constant(0), x));
    }
    case Op::Bits: {
      Value zeros = math::CountLeadingZerosOp::create(builder, operand(step, 0));
      return arith::SubIOp::create(builder, constant(program.wide ? 64 : 32), zeros);
    }
    case Op::Pow2:
      return arith::ShLIOp::create(builder, constant(1), operand(step, 0));
    case Op::Select:
      return arith::SelectOp::create(builder, operand(step, 0), operand(step, 1), operand(step, 2));
    case Op::Equal:
      return compare(arith::CmpIPredicate::eq, operand(step, 0), operand(step, 1));
    case Op::NotEqual:
      return compare(arith::CmpIPredicate::ne, operand(step, 0), operand(step, 1));
    case Op::Less:
    case Op::LessEqual:
    case Op::Greater:
    case Op::GreaterEqual:
      return order(step);
    case Op::And:
      return arith::AndIOp::create(builder, operand(step, 0), operand(step, 1));
    case Op::Or:
      return arith::OrIOp::create(builder, operand(step, 0), operand(step, 1));
    case Op::Not:
      return negation(operand(step, 0));
    case Op::Boolean:
      return arith::ConstantOp::create(builder, builder.getBoolAttr(step.value != 0));
    case Op::Table:
      return ht::TableOp::create(builder, integer, operand(step, 0), operand(step, 1));
    case Op::BlockKept:
      return ht::BlockKeptOp::create(builder, builder.getI1Type(), operand(step, 0),
                                     operand(step, 1), operand(step, 2));
    }
    llvm_unreachable("every operation is handled above");
  }

  ImplicitLocOpBuilder builder;
  const Program &program;
  PairValues pair;
  Type integer;
  std::vector<Value> values;
};

} // namespace

SmallVector<Value> importProgram(OpBuilder &builder, Location location, const Program &program,
                                 const PairValues &pair, ArrayRef<int32_t> wanted) {
  ProgramImporter importer(builder, location, program, pair);
  return importer.import(wanted);
}

} // namespace halftone
