#include "dsl/BlockMask.h"
#include "dsl/LowerToken.h"

#include <algorithm>

namespace halftone {

namespace {

using Step = Instruction::Op;

bool mentions(const Node &node, Op op) {
  return node.op == op ||
         std::any_of(node.operands.begin(), node.operands.end(),
                     [&](const NodePointer &operand) { return mentions(*operand, op); });
}

/// Whether the value can differ between pairs, heads or batch elements.
bool varies(const Node &node) {
  return node.op == Op::Coordinate || node.op == Op::Head || node.op == Op::Batch ||
         node.op == Op::RadialBlocks || node.op == Op::Rounded ||
         std::any_of(node.operands.begin(), node.operands.end(),
                     [](const NodePointer &operand) { return varies(*operand); });
}

/// Whether evaluating the tree past the end of a layout, as the last tile of a row does, could read
/// outside a table, divide by 0 or shift too far.
bool needsExistingTokens(const Node &node) {
  switch (node.op) {
  case Op::RadialBlocks:
  case Op::Rounded:
    return true;
  case Op::Coordinate:
    return node.coordinate == Coordinate::Segment;
  case Op::FloorDiv:
  case Op::Mod:
    if (varies(*node.operands[1]))
      return true;
    break;
  case Op::Pow2:
    if (varies(*node.operands[0]))
      return true;
    break;
  default:
    break;
  }
  return std::any_of(node.operands.begin(), node.operands.end(),
                     [](const NodePointer &operand) { return needsExistingTokens(*operand); });
}

bool needsExistingTokens(const Problem &problem) {
  return needsExistingTokens(*problem.pattern().node()) ||
         std::ranges::any_of(problem.biases(), [](const Bias &bias) {
           return needsExistingTokens(*bias.distance.node());
         });
}

class ProgramLowering {
public:
  ProgramLowering(const Problem &problem, bool clamped, bool makesMasks)
      : problem(problem), makesMasks(makesMasks),
        query(builder, problem.query(), Side::Query, clamped),
        key(builder, problem.key(), Side::Key, clamped) {}

  Result<Program> run() {
    int32_t mask = materialise(lower(*problem.pattern().node()));
    std::vector<int32_t> distances;
    for (const Bias &bias : problem.biases())
      distances.push_back(materialise(lower(*bias.distance.node())));
    if (builder.tables().size() > size_t(INT32_MAX))
      return unsupported("the block masks of this pattern take more than 2^31 table entries",
                         "use larger blocks, or a pattern that is the same for all heads");
    if (failure)
      return *failure;
    return builder.finish(mask, distances);
  }

private:
  int32_t materialise(const LoweredValue &value) {
    switch (value.kind) {
    case LoweredValue::Kind::Step:
      return int32_t(value.value);
    case LoweredValue::Kind::Integer:
      return builder.constant(value.value);
    case LoweredValue::Kind::Boolean: {
      int32_t flag = builder.constant(value.value);
      return builder.operation(Op::NotEqual, {flag, builder.constant(0), -1});
    }
    case LoweredValue::Kind::Fixed:
      return builder.boolean(value.value != 0);
    }
    return -1;
  }

  LoweredValue lower(const Node &node) {
    switch (node.op) {
    case Op::Constant:
      return LoweredValue::integer(node.value);
    case Op::Boolean:
      return LoweredValue::fixed(node.value != 0);
    case Op::Coordinate:
      return (node.side == Side::Query ? query : key).coordinate(node.coordinate);
    case Op::Head:
      return LoweredValue::step(head());
    case Op::Batch:
      return LoweredValue::step(batch());
    case Op::RadialBlocks:
      return lowerRadialBlocks(node);
    case Op::Rounded:
      return lowerRounded(node);
    default:
      return lowerOperation(node);
    }
  }

  int32_t head() {
    return builder.append(Step::Head, {-1, -1, -1}, ValueFacts::upTo(problem.shape().heads - 1));
  }
  int32_t batch() {
    return builder.append(Step::Batch, {-1, -1, -1}, ValueFacts::upTo(problem.shape().batch - 1));
  }

  LoweredValue lowerOperation(const Node &node) {
    std::array<LoweredValue, 3> operands;
    size_t count = node.operands.size();
    bool anyStep = false, anyFixed = false;
    for (size_t i = 0; i < count; ++i) {
      operands[i] = lower(*node.operands[i]);
      anyStep |= operands[i].isStep();
      anyFixed |= operands[i].kind == LoweredValue::Kind::Fixed;
    }
    if (anyFixed)
      return lowerWithFixed(node.op, operands);
    if (!anyStep) {
      int64_t value =
          evaluateOperation(node.op, operands[0].value, operands[1].value, operands[2].value);
      return isBoolean(node) ? LoweredValue::boolean(value != 0) : LoweredValue::integer(value);
    }
    std::array<int32_t, 3> steps{-1, -1, -1};
    for (size_t i = 0; i < count; ++i)
      steps[i] = materialise(operands[i]);
    return LoweredValue::step(builder.operation(node.op, steps));
  }

  /// Connectives and select when an operand is the same in every problem of the class.
  LoweredValue lowerWithFixed(Op op, const std::array<LoweredValue, 3> &operands) {
    const LoweredValue &a = operands[0], &b = operands[1];
    if (op == Op::Select)
      return a.isFixed(true) ? b : operands[2];
    if (op == Op::Not)
      return LoweredValue::fixed(!a.value);
    bool deciding = op == Op::Or;
    if (a.isFixed(deciding) || b.isFixed(deciding))
      return LoweredValue::fixed(deciding);
    return a.kind == LoweredValue::Kind::Fixed ? b : a;
  }

  LoweredValue lowerRadialBlocks(const Node &node) {
    if (!(problem.query() == problem.key())) {
      if (!failure)
        failure = unsupported("radialBlocks needs queries and keys of one layout",
                              "use the exact radial rule, or one layout for both", node.where);
      return LoweredValue::fixed(false);
    }
    BlockMask mask;
    if (makesMasks)
      mask = radialBlockMask(problem.query(), node.radial);
    return lowerBlocks(builder.constant(appendBlockTable(mask)), node.radial.block);
  }

  /// A pattern that differs between heads has a mask for each, found through a table of offsets.
  LoweredValue lowerRounded(const Node &node) {
    const Node &operand = *node.operands[0];
    bool perHead = mentions(operand, Op::Head), perBatch = mentions(operand, Op::Batch);
    int64_t heads = perHead ? problem.shape().heads : 1;
    int64_t batches = perBatch ? problem.shape().batch : 1;
    std::vector<std::pair<BlockMask, int32_t>> distinct;
    std::vector<int32_t> offsets;
    for (int64_t b = 0; b < batches; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        BlockMask mask;
        if (makesMasks)
          mask = roundedBlockMask(problem.query(), problem.key(), Pattern(node.operands[0]),
                                  node.rounding, node.value, b, h);
        auto same = std::find_if(distinct.begin(), distinct.end(), [&](const auto &other) {
          return other.first.rowStart == mask.rowStart && other.first.runs == mask.runs;
        });
        if (same == distinct.end()) {
          int32_t offset = appendBlockTable(mask);
          same = distinct.insert(same, {std::move(mask), offset});
        }
        offsets.push_back(same->second);
      }
    }
    if (!perHead && !perBatch)
      return lowerBlocks(builder.constant(offsets[0]), node.value);
    int32_t base = builder.constant(int64_t(builder.tables().size()));
    builder.tables().insert(builder.tables().end(), offsets.begin(), offsets.end());
    int32_t which = perHead ? head() : batch();
    if (perHead && perBatch) {
      int32_t row = builder.operation(Op::Mul, {batch(), builder.constant(heads), -1});
      which = builder.operation(Op::Add, {row, head(), -1});
    }
    int32_t offset = builder.append(Step::Table, {base, which, -1},
                                    ValueFacts::upTo(int64_t(builder.tables().size())));
    return lowerBlocks(offset, node.value);
  }

  int32_t appendBlockTable(const BlockMask &mask) {
    std::vector<int32_t> &tables = builder.tables();
    size_t offset = tables.size(), pairs = offset + mask.rowStart.size();
    tables.reserve(pairs + 2 * mask.runs.size());
    for (uint32_t start : mask.rowStart)
      tables.push_back(int32_t(pairs + 2 * size_t(start)));
    for (const BlockRun &run : mask.runs) {
      tables.push_back(int32_t(run.begin));
      tables.push_back(int32_t(run.end));
    }
    return int32_t(offset);
  }

  LoweredValue lowerBlocks(int32_t offset, int64_t block) {
    int32_t size = builder.constant(block);
    int32_t queryBlock = builder.operation(Op::FloorDiv, {query.index(), size, -1});
    int32_t keyBlock = builder.operation(Op::FloorDiv, {key.index(), size, -1});
    return LoweredValue::step(
        builder.append(Step::BlockKept, {offset, queryBlock, keyBlock}, ValueFacts::upTo(1)));
  }

  const Problem &problem;
  bool makesMasks; ///< else those that blocks are kept by are empty
  ProgramBuilder builder;
  TokenLowering query, key;
  std::optional<Error> failure;
};

} // namespace

Result<Program> lowerProgram(const Problem &problem) {
  return ProgramLowering(problem, needsExistingTokens(problem), /*makesMasks=*/true).run();
}

Result<std::string> programShape(const Problem &problem) {
  Result<Program> program =
      ProgramLowering(problem, needsExistingTokens(problem), /*makesMasks=*/false).run();
  if (!program)
    return program.error();
  return program->shape();
}

} // namespace halftone
