#include "dsl/Expr.h"

#include "dsl/Build.h"
#include "dsl/Decimal.h"
#include "dsl/Print.h"

namespace halftone {

namespace {

/// The line of an operation is that of its first operand: where the user began to write it.
Expr operation(Op op, Operand &a, Operand &b) {
  return Expr(buildOperation(op, {a.expr.node(), b.expr.node()}, std::move(a.where)));
}
Expr operation(Op op, Operand &a) {
  return Expr(buildOperation(op, {a.expr.node()}, std::move(a.where)));
}
Pattern comparison(Op op, Operand &a, Operand &b) {
  return Pattern(buildOperation(op, {a.expr.node(), b.expr.node()}, std::move(a.where)));
}
Pattern connective(Op op, Predicate &a, Predicate &b) {
  return Pattern(buildOperation(op, {a.pattern.node(), b.pattern.node()}, std::move(a.where)));
}

/// The shortest decimal text of a factor; -0.0 is 0.
std::string decimalText(double value) { return shortestText(value == 0 ? 0.0 : value); }

} // namespace

Expr::Expr(int64_t value, Location at) : root(buildConstant(value, at)) {}
std::string Expr::text() const { return print(*root); }

Pattern Pattern::dense() { return Pattern(buildBoolean(true, {})); }

Pattern Pattern::named(std::string name) const {
  auto copy = std::make_shared<Node>(*root);
  copy->name = std::move(name);
  return Pattern(std::move(copy));
}

std::string Pattern::text() const { return print(*root); }
bool Pattern::operator==(const Pattern &other) const { return sameTree(*root, *other.root); }

uint64_t Pattern::hash() const {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char byte : text()) {
    hash ^= byte;
    hash *= 0x100000001b3;
  }
  return hash;
}

Expr operator+(Operand a, Operand b) { return operation(Op::Add, a, b); }
Expr operator-(Operand a, Operand b) { return operation(Op::Sub, a, b); }
Expr operator-(Operand a) { return Expr(buildNegation(a.expr.node(), std::move(a.where))); }
Expr operator*(Operand a, Operand b) { return operation(Op::Mul, a, b); }
Expr floorDiv(Operand a, Operand b) { return operation(Op::FloorDiv, a, b); }
Expr operator/(Operand a, Operand b) { return operation(Op::FloorDiv, a, b); }
Expr mod(Operand a, Operand b) { return operation(Op::Mod, a, b); }
Expr operator%(Operand a, Operand b) { return operation(Op::Mod, a, b); }
Expr min(Operand a, Operand b) { return operation(Op::Min, a, b); }
Expr max(Operand a, Operand b) { return operation(Op::Max, a, b); }
Expr abs(Operand a) { return operation(Op::Abs, a); }
Expr bits(Operand a) { return operation(Op::Bits, a); }
Expr pow2(Operand a) { return operation(Op::Pow2, a); }

Expr select(Predicate condition, const Operand &yes, const Operand &no) {
  return Expr(buildOperation(Op::Select,
                             {condition.pattern.node(), yes.expr.node(), no.expr.node()},
                             std::move(condition.where)));
}

Expr scaled(Operand a, double factor) {
  return Expr(buildScaled(a.expr.node(), decimalText(factor), std::move(a.where)));
}

Pattern operator==(Operand a, Operand b) { return comparison(Op::Equal, a, b); }
Pattern operator!=(Operand a, Operand b) { return comparison(Op::NotEqual, a, b); }
Pattern operator<(Operand a, Operand b) { return comparison(Op::Less, a, b); }
Pattern operator<=(Operand a, Operand b) { return comparison(Op::LessEqual, a, b); }
Pattern operator>(Operand a, Operand b) { return comparison(Op::Greater, a, b); }
Pattern operator>=(Operand a, Operand b) { return comparison(Op::GreaterEqual, a, b); }

Pattern operator&(Predicate a, Predicate b) { return connective(Op::And, a, b); }
Pattern operator|(Predicate a, Predicate b) { return connective(Op::Or, a, b); }
Pattern operator~(Predicate a) {
  return Pattern(buildOperation(Op::Not, {a.pattern.node()}, std::move(a.where)));
}

Expr head(Expr::Location at) { return Expr(buildHead(at)); }
Expr batch(Expr::Location at) { return Expr(buildBatch(at)); }

Pattern perHead(std::vector<Pattern> choices, Pattern::Location at) {
  if (choices.empty())
    return Pattern(withMistake(buildBoolean(false, at),
                               misuse("perHead of no patterns", "give it at least one", at)));
  if (choices.size() == 1)
    return choices[0];
  NodePointer all;
  NodePointer count = buildConstant(int64_t(choices.size()), at);
  NodePointer turn = buildOperation(Op::Mod, {buildHead(at), count}, at);
  for (size_t i = 0; i < choices.size(); ++i) {
    NodePointer mine = buildOperation(Op::Equal, {turn, buildConstant(int64_t(i), at)}, at);
    NodePointer one = buildOperation(Op::And, {mine, choices[i].node()}, at);
    all = all ? buildOperation(Op::Or, {all, one}, at) : one;
  }
  return Pattern(std::move(all));
}

Pattern rounded(Predicate pattern, Rounding rounding, int64_t block) {
  return Pattern(buildRounded(pattern.pattern.node(), rounding, block, std::move(pattern.where)));
}

Pattern radialBlocks(double decay, int64_t block, bool sink, Pattern::Location at) {
  return Pattern(buildRadialBlocks(decimalText(decay), block, sink, at));
}

} // namespace halftone
