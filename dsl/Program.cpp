#include "dsl/Program.h"

namespace halftone {

namespace {

const char *opName(Instruction::Op op) {
  using Op = Instruction::Op;
  switch (op) {
  case Op::QueryIndex:
    return "q";
  case Op::KeyIndex:
    return "k";
  case Op::Head:
    return "head";
  case Op::Batch:
    return "batch";
  case Op::Constant:
    return "c";
  case Op::Add:
    return "add";
  case Op::Sub:
    return "sub";
  case Op::Mul:
    return "mul";
  case Op::FloorDiv:
    return "div";
  case Op::Mod:
    return "mod";
  case Op::DivPositive:
    return "udiv";
  case Op::ModPositive:
    return "umod";
  case Op::Min:
    return "min";
  case Op::Max:
    return "max";
  case Op::Abs:
    return "abs";
  case Op::Bits:
    return "bits";
  case Op::Pow2:
    return "pow2";
  case Op::Select:
    return "select";
  case Op::Equal:
    return "eq";
  case Op::NotEqual:
    return "ne";
  case Op::Less:
    return "lt";
  case Op::LessEqual:
    return "le";
  case Op::Greater:
    return "gt";
  case Op::GreaterEqual:
    return "ge";
  case Op::And:
    return "and";
  case Op::Or:
    return "or";
  case Op::Not:
    return "not";
  case Op::Boolean:
    return "bool";
  case Op::Table:
    return "table";
  case Op::BlockKept:
    return "block";
  }
  return "?";
}

} // namespace

bool Program::keepsAll() const {
  return mask >= 0 && code[size_t(mask)].op == Instruction::Op::Boolean &&
         code[size_t(mask)].value == 1;
}

std::string Program::shape() const {
  std::string out = wide ? "i64" : "i32";
  for (size_t i = 0; i < code.size(); ++i) {
    const Instruction &step = code[i];
    out += " " + std::to_string(i) + "=" + opName(step.op);
    if (step.op == Instruction::Op::Boolean)
      out += step.value ? "(true)" : "(false)";
    if (step.operands[0] < 0)
      continue;
    out += "(" + std::to_string(step.operands[0]);
    for (size_t o = 1; o < step.operands.size() && step.operands[o] >= 0; ++o)
      out += "," + std::to_string(step.operands[o]);
    out += ")";
  }
  out += " mask=" + std::to_string(mask);
  for (int32_t distance : distances)
    out += " distance=" + std::to_string(distance);
  return out;
}

} // namespace halftone
