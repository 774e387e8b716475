#include "dsl/Interval.h"

#include "dsl/IntervalArithmetic.h"
#include "dsl/Print.h"
#include "dsl/Problem.h"

namespace halftone {

namespace {

/// Bounds of a coordinate over the tokens of one frame, or over text tokens (frame F).
Interval rangeInFrame(const Layout &layout, Coordinate coordinate, Interval index) {
  Interval ends{layout.coordinate(coordinate, index.lo), layout.coordinate(coordinate, index.hi)};
  bool isText = layout.coordinate(Coordinate::IsText, index.lo) != 0;
  bool sameRow =
      layout.coordinate(Coordinate::Row, index.lo) == layout.coordinate(Coordinate::Row, index.hi);
  if (coordinate == Coordinate::Column && !isText && !sameRow)
    return {0, layout.width() - 1};
  return ends;
}

Interval operandRange(const Node &node, size_t index, const Box &box) {
  return intervalOf(*node.operands[index], box);
}

/// Whether an operation has the same tree twice; the cheap comparisons come first.
bool repeatsOperand(const Node &node) {
  return node.operands.size() == 2 && sameTree(*node.operands[0], *node.operands[1]);
}

Outcome applyTo(const Node &node, Interval a, Interval b) {
  if ((node.op == Op::Sub || node.op == Op::Mul) && a == b && repeatsOperand(node)) {
    if (node.op == Op::Sub)
      return {Interval::point(0)};
    Interval size = applyToIntervals(Op::Abs, a, {}).range;
    Outcome square = applyToIntervals(Op::Mul, size, size);
    return square;
  }
  return applyToIntervals(node.op, a, b);
}

Interval selected(Truth condition, Interval yes, Interval no) {
  return condition == Truth::AlwaysTrue ? yes : condition == Truth::AlwaysFalse ? no : yes.hull(no);
}

Truth compare(const Node &node, Interval a, Interval b) {
  if (a == b && !a.isPoint() && repeatsOperand(node))
    return compareWithItself(node.op);
  return compareIntervals(node.op, a, b);
}

Interval wholeBlocks(Interval index, int64_t block, const Layout &layout) {
  int64_t last = layout.tokenCount() - 1;
  return {index.lo / block * block, std::min(last, index.hi / block * block + (block - 1))};
}

/// The box of the blocks that `box` touches.
Box roundedOut(const Box &box, int64_t block) {
  Box out = box;
  out.queryIndex = wholeBlocks(box.queryIndex, block, *box.query);
  out.keyIndex = wholeBlocks(box.keyIndex, block, *box.key);
  return out;
}

Interval leafRange(const Node &node, const Box &box) {
  switch (node.op) {
  case Op::Constant:
    return Interval::point(node.value);
  case Op::Head:
    return box.head;
  case Op::Batch:
    return box.batch;
  default:
    return node.side == Side::Query ? coordinateRange(*box.query, node.coordinate, box.queryIndex)
                                    : coordinateRange(*box.key, node.coordinate, box.keyIndex);
  }
}

Truth leafTruth(const Node &node, const Box &box) {
  if (node.op == Op::Coordinate)
    return compareIntervals(Op::Equal, leafRange(node, box), Interval::point(1));
  if (node.op == Op::Boolean)
    return node.value ? Truth::AlwaysTrue : Truth::AlwaysFalse;
  return Truth::Mixed;
}

} // namespace

Truth operator~(Truth a) {
  return a == Truth::Mixed        ? Truth::Mixed
         : a == Truth::AlwaysTrue ? Truth::AlwaysFalse
                                  : Truth::AlwaysTrue;
}

Truth operator&(Truth a, Truth b) {
  if (a == Truth::AlwaysFalse || b == Truth::AlwaysFalse)
    return Truth::AlwaysFalse;
  return a == Truth::AlwaysTrue && b == Truth::AlwaysTrue ? Truth::AlwaysTrue : Truth::Mixed;
}

Truth operator|(Truth a, Truth b) { return ~(~a & ~b); }

Box Box::whole(const Problem &problem) {
  return {&problem.query(),
          &problem.key(),
          {0, problem.query().tokenCount() - 1},
          {0, problem.key().tokenCount() - 1},
          {0, problem.shape().heads - 1},
          {0, problem.shape().batch - 1}};
}

Interval coordinateRange(const Layout &layout, Coordinate coordinate, Interval index) {
  int64_t firstFrame = layout.coordinate(Coordinate::Frame, index.lo);
  int64_t lastFrame = layout.coordinate(Coordinate::Frame, index.hi);
  bool grows = coordinate == Coordinate::Index || coordinate == Coordinate::Frame ||
               coordinate == Coordinate::Segment || coordinate == Coordinate::IsText;
  if (grows)
    return {layout.coordinate(coordinate, index.lo), layout.coordinate(coordinate, index.hi)};
  if (firstFrame == lastFrame)
    return rangeInFrame(layout, coordinate, index);
  // Several frames: the tail of the first one and the head of the last one reach from 0 to the
  // last place, row and column, and so cover the whole frames between them.
  int64_t videoTokens = layout.tokenCount() - layout.textTokens();
  int64_t perFrame = layout.tokensPerFrame();
  int64_t firstEnd = (firstFrame + 1) * perFrame - 1;
  int64_t lastBegin = lastFrame == layout.frameCount() ? videoTokens : lastFrame * perFrame;
  return rangeInFrame(layout, coordinate, {index.lo, firstEnd})
      .hull(rangeInFrame(layout, coordinate, {lastBegin, index.hi}));
}

Interval intervalOf(const Node &node, const Box &box) {
  switch (node.operands.size()) {
  case 0:
    return leafRange(node, box);
  case 3: {
    Truth condition = truthOf(*node.operands[0], box);
    if (condition != Truth::Mixed)
      return operandRange(node, condition == Truth::AlwaysTrue ? 1 : 2, box);
    return operandRange(node, 1, box).hull(operandRange(node, 2, box));
  }
  default: {
    Interval a = operandRange(node, 0, box);
    return applyTo(node, a, node.operands.size() == 2 ? operandRange(node, 1, box) : a).range;
  }
  }
}

Truth truthOf(const Node &node, const Box &box) {
  if (node.operands.empty())
    return leafTruth(node, box);
  if (isComparison(node.op))
    return compare(node, operandRange(node, 0, box), operandRange(node, 1, box));
  if (node.op == Op::Rounded)
    return truthOf(*node.operands[0], roundedOut(box, node.value));
  Truth first = truthOf(*node.operands[0], box);
  if (node.op == Op::Not)
    return ~first;
  if (first == (node.op == Op::And ? Truth::AlwaysFalse : Truth::AlwaysTrue))
    return first;
  Truth second = truthOf(*node.operands[1], box);
  return node.op == Op::And ? first & second : first | second;
}

namespace {

/// Walks a whole tree and keeps the first operation that is not defined for all its operands.
class ArithmeticCheck {
public:
  explicit ArithmeticCheck(const Box &box) : box(box) {}
  Status status;

  Interval integer(const Node &node);
  Truth boolean(const Node &node);

private:
  void report(const Node &node, Trouble trouble, Interval a, Interval b);

  const Box &box;
};

Interval ArithmeticCheck::integer(const Node &node) {
  if (node.operands.empty())
    return leafRange(node, box);
  if (node.op == Op::Select) {
    Truth condition = boolean(*node.operands[0]);
    Interval yes = integer(*node.operands[1]), no = integer(*node.operands[2]);
    return selected(condition, yes, no);
  }
  Interval a = integer(*node.operands[0]);
  Interval b = node.operands.size() == 2 ? integer(*node.operands[1]) : a;
  Outcome outcome = applyTo(node, a, b);
  if (outcome.trouble != Trouble::None && status)
    report(node, outcome.trouble, a, b);
  return outcome.range;
}

Truth ArithmeticCheck::boolean(const Node &node) {
  if (node.operands.empty())
    return leafTruth(node, box);
  if (isComparison(node.op)) {
    Interval a = integer(*node.operands[0]), b = integer(*node.operands[1]);
    return compare(node, a, b);
  }
  Truth first = boolean(*node.operands[0]);
  if (node.op == Op::Rounded)
    return first;
  if (node.op == Op::Not)
    return ~first;
  Truth second = boolean(*node.operands[1]);
  return node.op == Op::And ? first & second : first | second;
}

std::string rangeText(Interval range) {
  if (range.isPoint())
    return "is " + std::to_string(range.lo);
  return "lies in " + std::to_string(range.lo) + ".." + std::to_string(range.hi);
}

void ArithmeticCheck::report(const Node &node, Trouble trouble, Interval a, Interval b) {
  const Node &last = *node.operands.back();
  switch (trouble) {
  case Trouble::DivisionByZero:
    status = misuse("the divisor of `" + excerpt(node) + "` can be 0: `" + excerpt(last) + "` " +
                        rangeText(b),
                    "divide by max(" + excerpt(last) + ", 1)", node.where);
    return;
  case Trouble::Overflow:
    status = misuse("`" + excerpt(node) + "` can leave 64 bits", "use smaller numbers", node.where);
    return;
  case Trouble::NegativeBits:
    status =
        misuse("bits() of something that can be negative: `" + excerpt(last) + "` " + rangeText(a),
               "take bits(abs(" + excerpt(last) + "))", node.where);
    return;
  case Trouble::PowerOutOfRange:
    status = misuse("pow2() of something outside 0..62: `" + excerpt(last) + "` " + rangeText(a),
                    "take pow2(" + std::string(a.lo < 0 ? "max(" : "min(") + excerpt(last) +
                        (a.lo < 0 ? ", 0))" : ", 62))"),
                    node.where);
    return;
  case Trouble::None:
    return;
  }
}

} // namespace

Status checkArithmetic(const Node &node, const Box &box) {
  ArithmeticCheck check(box);
  if (isBoolean(node))
    check.boolean(node);
  else
    check.integer(node);
  return std::move(check.status);
}

} // namespace halftone
