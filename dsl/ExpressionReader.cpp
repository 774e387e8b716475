#include "dsl/ExpressionReader.h"

#include "dsl/Build.h"
#include "dsl/Nearest.h"
#include "dsl/Print.h"
#include "dsl/Vocabulary.h"

namespace halftone {

namespace {

/// Spellings of other languages, and ours.
constexpr std::pair<std::string_view, std::string_view> foreignSpellings[] = {
    {"&&", "write & for and"},      {"||", "write | for or"},
    {"and ", "write & for and"},    {"or ", "write | for or"},
    {"!", "write ~ for not"},       {"not ", "write ~ for not"},
    {"//", "write / for division"}, {"**", "write pow2(x) for a power of two"},
    {"=", "write == for equal"},
};

/// The advice for what comes next, where it is such a spelling.
std::string foreignFix(const Scanner &scanner) {
  for (auto [spelling, advice] : foreignSpellings)
    if (scanner.sees(spelling))
      return std::string(advice);
  return {};
}

} // namespace

/// One level of brackets, calls or prefix operators.
class ExpressionReader::Level {
public:
  explicit Level(ExpressionReader &reader) : reader(reader) {
    if (++reader.nesting > maximumNesting)
      reader.scanner.fail("more than " + std::to_string(maximumNesting) + " levels of brackets",
                          "write it with fewer", reader.scanner.where());
  }
  ~Level() { --reader.nesting; }
  Level(const Level &) = delete;
  Level &operator=(const Level &) = delete;

private:
  ExpressionReader &reader;
};

void ExpressionReader::expectEnd() {
  if (!scanner.atEnd())
    scanner.failExpected("an operator or the end", foreignFix(scanner));
}

NodePointer ExpressionReader::pattern() { return finished(requireBoolean(anyPattern())); }
NodePointer ExpressionReader::sum() { return finished(requireInteger(anyPattern())); }

NodePointer ExpressionReader::finished(const Piece &piece) {
  if (scanner.failed() || !piece)
    return nullptr;
  if (const Error *mistake = piece.node->mistake.get()) {
    scanner.fail(mistake->message, mistake->fix, mistake->where);
    return nullptr;
  }
  return piece.node;
}

ExpressionReader::Piece ExpressionReader::requireBoolean(Piece piece) {
  if (!piece || isBoolean(*piece.node))
    return piece;
  if (std::string fix = foreignFix(scanner); !fix.empty())
    scanner.failExpected("a comparison such as ==", std::move(fix));
  scanner.fail("expected a yes/no, found the number `" + excerpt(*piece.node) + "`",
               "compare it with something, as in q.frame == k.frame", piece.start);
  return {};
}

ExpressionReader::Piece ExpressionReader::requireInteger(Piece piece) {
  if (!piece || !isBoolean(*piece.node))
    return piece;
  scanner.fail("expected a number, found the yes/no `" + excerpt(*piece.node) + "`",
               "turn it into a number by select(condition, 1, 0)", piece.start);
  return {};
}

ExpressionReader::Piece ExpressionReader::combine(Op op, Piece a, Piece b, Where where) {
  if (!a || !b || scanner.failed())
    return {};
  return {buildOperation(op, {std::move(a.node), std::move(b.node)}, std::move(where)),
          std::move(a.start)};
}

ExpressionReader::Piece ExpressionReader::anyPattern() {
  Piece left = conjunct();
  while (left && scanner.sees("|") && !scanner.sees("||")) {
    Where at = scanner.where();
    scanner.accept("|");
    left = requireBoolean(std::move(left));
    left = combine(Op::Or, std::move(left), requireBoolean(conjunct()), at);
  }
  return left;
}

ExpressionReader::Piece ExpressionReader::conjunct() {
  Piece left = factor();
  while (left && scanner.sees("&") && !scanner.sees("&&")) {
    Where at = scanner.where();
    scanner.accept("&");
    left = requireBoolean(std::move(left));
    left = combine(Op::And, std::move(left), requireBoolean(factor()), at);
  }
  return left;
}

ExpressionReader::Piece ExpressionReader::factor() {
  Where start = scanner.where();
  if (!scanner.accept("~"))
    return comparison();
  Level level(*this);
  Piece operand = requireBoolean(factor());
  if (!operand || scanner.failed())
    return {};
  return {buildOperation(Op::Not, {operand.node}, start), start};
}

ExpressionReader::Piece ExpressionReader::comparison() {
  Piece left = anySum();
  constexpr std::pair<std::string_view, Op> symbols[] = {
      {"==", Op::Equal},        {"!=", Op::NotEqual}, {"<=", Op::LessEqual},
      {">=", Op::GreaterEqual}, {"<", Op::Less},      {">", Op::Greater}};
  for (auto [symbol, op] : symbols) {
    if (!left || !scanner.sees(symbol))
      continue;
    Where at = scanner.where();
    scanner.accept(symbol);
    left = requireInteger(std::move(left));
    return combine(op, std::move(left), requireInteger(anySum()), at);
  }
  return left;
}

ExpressionReader::Piece ExpressionReader::anySum() {
  Piece left = term();
  while (left && (scanner.sees("+") || scanner.sees("-"))) {
    Where at = scanner.where();
    Op op = scanner.accept("+") ? Op::Add : (scanner.accept("-"), Op::Sub);
    left = requireInteger(std::move(left));
    left = combine(op, std::move(left), requireInteger(term()), at);
  }
  return left;
}

ExpressionReader::Piece ExpressionReader::term() {
  Piece left = unary();
  while (left && !scanner.sees("//") && !scanner.sees("**")) {
    Where at = scanner.where();
    Op op;
    if (scanner.accept("*"))
      op = Op::Mul;
    else if (scanner.accept("/"))
      op = Op::FloorDiv;
    else if (scanner.accept("%"))
      op = Op::Mod;
    else
      break;
    left = requireInteger(std::move(left));
    left = combine(op, std::move(left), requireInteger(unary()), at);
  }
  return left;
}

ExpressionReader::Piece ExpressionReader::unary() {
  Where start = scanner.where();
  if (!scanner.sees("-"))
    return primary();
  if (scanner.seesNegativeNumber()) {
    int64_t value = scanner.integer();
    return scanner.failed() ? Piece{} : Piece{buildConstant(value, start), start};
  }
  scanner.accept("-");
  Level level(*this);
  Piece operand = requireInteger(unary());
  if (!operand || scanner.failed())
    return {};
  return {buildNegation(operand.node, start), start};
}

ExpressionReader::Piece ExpressionReader::primary() {
  Where start = scanner.where();
  if (scanner.failed())
    return {};
  if (scanner.seesDigit()) {
    int64_t value = scanner.integer();
    return scanner.failed() ? Piece{} : Piece{buildConstant(value, start), start};
  }
  if (scanner.accept("(")) {
    Level level(*this);
    Piece inner = anyPattern();
    if (inner && !scanner.sees(")"))
      scanner.failExpected("an operator or `)`", foreignFix(scanner));
    if (!inner || !scanner.expect(")"))
      return {};
    return {inner.node, start};
  }
  std::string_view name = scanner.peekWord();
  if (name.empty()) {
    scanner.failExpected("a number, a coordinate such as q.frame, or a bracket",
                         foreignFix(scanner));
    return {};
  }
  scanner.word();
  if (name == "q" || name == "k")
    return coordinate(name == "q" ? Side::Query : Side::Key, start);
  if (name == "true" || name == "false")
    return {buildBoolean(name == "true", start), start};
  if (name == "head")
    return {buildHead(start), start};
  if (name == "batch")
    return {buildBatch(start), start};
  return call(name, start);
}

ExpressionReader::Piece ExpressionReader::coordinate(Side side, const Where &start) {
  if (!scanner.expect("."))
    return {};
  Where at = scanner.where();
  std::string_view name = scanner.peekWord();
  for (auto [known, coordinate] : coordinateWords)
    if (name == known) {
      scanner.word();
      return {buildCoordinate(side, coordinate, start), start};
    }
  if (name.empty())
    scanner.failExpected("a coordinate such as frame");
  else
    scanner.fail(
        "unknown coordinate `" + std::string(name.substr(0, 40)) + "`",
        nearestFix(name, {"index", "frame", "place", "row", "column", "segment", "isText"}), at);
  return {};
}

ExpressionReader::Piece ExpressionReader::patternArgument() { return requireBoolean(anyPattern()); }
ExpressionReader::Piece ExpressionReader::sumArgument() { return requireInteger(anyPattern()); }

ExpressionReader::Piece ExpressionReader::call(std::string_view name, const Where &start) {
  Op op = Op::Constant;
  for (auto [known, operation] : functionWords)
    if (name == known)
      op = operation;
  if (op == Op::Constant && name != "scaled" && name != "rounded" && name != "radialBlocks") {
    scanner.fail(
        "unknown name `" + std::string(name.substr(0, 40)) + "`",
        nearestFix(name, {"q", "k", "head", "batch", "true", "false", "abs", "bits", "pow2", "min",
                          "max", "select", "scaled", "rounded", "radialBlocks"}),
        start);
    return {};
  }
  if (!scanner.expect("("))
    return {};
  Level level(*this);
  if (name == "radialBlocks")
    return radialBlocks(start);
  std::vector<NodePointer> operands;
  bool conditionFirst = op == Op::Select || name == "rounded";
  operands.push_back((conditionFirst ? patternArgument() : sumArgument()).node);
  size_t integers = op == Op::Select ? 2 : op == Op::Min || op == Op::Max ? 1 : 0;
  for (size_t i = 0; i < integers && !scanner.failed() && scanner.expect(","); ++i)
    operands.push_back(sumArgument().node);
  if (name == "scaled" && scanner.expect(",")) {
    Where at = scanner.where();
    std::string_view factor = scanner.numberText();
    if (factor.empty())
      scanner.failExpected("a decimal such as 0.2");
    else if (operands[0])
      operands[0] = buildScaled(operands[0], factor, at);
  }
  Rounding rounding = Rounding::Any;
  int64_t block = 0;
  Where blockAt;
  if (name == "rounded" && scanner.expect(",")) {
    if (scanner.peekWord() != "any" && scanner.peekWord() != "all")
      scanner.failExpected("`any` or `all`");
    rounding = scanner.word() == "all" ? Rounding::All : Rounding::Any;
    scanner.expect(",");
    blockAt = scanner.where();
    block = scanner.integer();
  }
  if (scanner.failed() || !scanner.expect(")"))
    return {};
  if (name == "scaled")
    return {operands[0], start};
  if (name == "rounded")
    return {buildRounded(operands[0], rounding, block, blockAt), start};
  return {buildOperation(op, std::move(operands), start), start};
}

ExpressionReader::Piece ExpressionReader::radialBlocks(const Where &start) {
  auto named = [&](std::string_view name) {
    if (scanner.peekWord() != name) {
      scanner.failExpected("`" + std::string(name) + "=`");
      return;
    }
    scanner.word();
    scanner.expect("=");
  };
  named("decay");
  Where at = scanner.where();
  std::string_view decay = scanner.numberText();
  if (decay.empty())
    scanner.failExpected("a decimal such as 0.2");
  scanner.expect(",");
  named("block");
  int64_t block = scanner.integer();
  scanner.expect(",");
  named("sink");
  if (scanner.peekWord() != "0" && scanner.peekWord() != "1")
    scanner.failExpected("0 or 1");
  bool sink = scanner.word() == "1";
  if (scanner.failed() || !scanner.expect(")"))
    return {};
  return {buildRadialBlocks(decay, block, sink, at), start};
}

} // namespace halftone
