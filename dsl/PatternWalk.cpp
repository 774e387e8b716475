#include "dsl/Reference.h"

#include <algorithm>
#include <cstdlib>

namespace halftone {
namespace {

int64_t floorQuotient(int64_t a, int64_t b) {
  if (b == 0)
    return 0; // checking the problem refuses it
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

int64_t binaryDigits(int64_t value) {
  int64_t digits = 0;
  for (; value > 0; value /= 2)
    ++digits;
  return digits;
}

} // namespace

PatternWalk::PatternWalk(const Pattern &pattern, const Layout &query, const Layout &key)
    : pattern(pattern), query(query), key(key) {}

bool PatternWalk::keeps(int64_t batch, int64_t head, int64_t queryIndex, int64_t keyIndex) {
  return truth(*pattern.node(), {batch, head, queryIndex, keyIndex});
}

int64_t PatternWalk::value(const Node &node, int64_t batch, int64_t head, int64_t queryIndex,
                           int64_t keyIndex) {
  return number(node, {batch, head, queryIndex, keyIndex});
}

bool PatternWalk::truth(const Node &node, const Pair &pair) {
  auto left = [&] { return number(*node.operands[0], pair); };
  auto right = [&] { return number(*node.operands[1], pair); };
  switch (node.op) {
  case Op::Equal:
    return left() == right();
  case Op::NotEqual:
    return left() != right();
  case Op::Less:
    return left() < right();
  case Op::LessEqual:
    return left() <= right();
  case Op::Greater:
    return left() > right();
  case Op::GreaterEqual:
    return left() >= right();
  case Op::And:
    return truth(*node.operands[0], pair) && truth(*node.operands[1], pair);
  case Op::Or:
    return truth(*node.operands[0], pair) || truth(*node.operands[1], pair);
  case Op::Not:
    return !truth(*node.operands[0], pair);
  case Op::RadialBlocks:
    return blockKept(node, pair, node.radial.block);
  case Op::Rounded:
    return blockKept(node, pair, node.value);
  default: // Boolean, and the isText coordinate
    return number(node, pair) != 0;
  }
}

int64_t PatternWalk::number(const Node &node, const Pair &pair) {
  auto operand = [&](int i) { return number(*node.operands[i], pair); };
  switch (node.op) {
  case Op::Constant:
  case Op::Boolean:
    return node.value;
  case Op::Coordinate:
    return node.side == Side::Query ? query.coordinate(node.coordinate, pair.query)
                                    : key.coordinate(node.coordinate, pair.key);
  case Op::Head:
    return pair.head;
  case Op::Batch:
    return pair.batch;
  case Op::Add:
    return operand(0) + operand(1);
  case Op::Sub:
    return operand(0) - operand(1);
  case Op::Mul:
    return operand(0) * operand(1);
  case Op::FloorDiv:
    return floorQuotient(operand(0), operand(1));
  case Op::Mod: {
    int64_t a = operand(0), b = operand(1);
    return b == 0 ? 0 : a - floorQuotient(a, b) * b;
  }
  case Op::Min:
    return std::min(operand(0), operand(1));
  case Op::Max:
    return std::max(operand(0), operand(1));
  case Op::Abs:
    return std::abs(operand(0));
  case Op::Bits:
    return binaryDigits(operand(0));
  case Op::Pow2: {
    int64_t exponent = operand(0);
    return exponent >= 0 && exponent <= 62 ? int64_t{1} << exponent : 0;
  }
  case Op::Select:
    return truth(*node.operands[0], pair) ? operand(1) : operand(2);
  default:
    return truth(node, pair) ? 1 : 0;
  }
}

bool PatternWalk::blockKept(const Node &node, const Pair &pair, int64_t block) {
  int64_t queryBlock = pair.query / block, keyBlock = pair.key / block;
  BlockRow &row = blockRows[&node];
  if (row.batch != pair.batch || row.head != pair.head || row.queryBlock != queryBlock) {
    row.batch = pair.batch;
    row.head = pair.head;
    row.queryBlock = queryBlock;
    row.kept.assign((key.tokenCount() + block - 1) / block, -1);
  }
  if (row.kept[keyBlock] < 0) {
    bool kept = node.op == Op::RadialBlocks ? radialKept(node.radial, queryBlock, keyBlock)
                                            : roundedKept(node, pair, queryBlock, keyBlock);
    blockRows[&node].kept[keyBlock] = kept ? 1 : 0;
  }
  return blockRows[&node].kept[keyBlock] == 1;
}

bool PatternWalk::roundedKept(const Node &node, const Pair &pair, int64_t queryBlock,
                              int64_t keyBlock) {
  int64_t block = node.value;
  int64_t queryEnd = std::min((queryBlock + 1) * block, query.tokenCount());
  int64_t keyEnd = std::min((keyBlock + 1) * block, key.tokenCount());
  bool wanted = node.rounding == Rounding::Any;
  for (int64_t q = queryBlock * block; q < queryEnd; ++q)
    for (int64_t k = keyBlock * block; k < keyEnd; ++k)
      if (truth(*node.operands[0], {pair.batch, pair.head, q, k}) == wanted)
        return wanted;
  return !wanted;
}

/// docs/radial.md, read aloud: every frame pair whose canvas reaches the block is looked at cell by
/// cell.
bool PatternWalk::radialKept(const RadialParameters &radial, int64_t queryBlock,
                             int64_t keyBlock) const {
  int64_t size = key.tokensPerFrame(), frames = key.frameCount(), block = radial.block;
  if (queryBlock >= frames * size / block || keyBlock >= frames * size / block)
    return true;
  int64_t canvasBlocks = (size + block - 1) / block;
  int64_t power = int64_t{1} << binaryDigits(size);
  for (int64_t i = 0; i < frames; ++i) {
    int64_t x = queryBlock - i * size / block;
    if (x < 0 || x >= canvasBlocks)
      continue;
    for (int64_t j = 0; j < frames; ++j) {
      int64_t y = keyBlock - j * size / block;
      if (y < 0 || y >= canvasBlocks)
        continue;
      int64_t distance = std::abs(i - j);
      double length = double(power) / double(int64_t{1} << binaryDigits(distance));
      double decay = double(radial.decayNumerator) / double(radial.decayDenominator);
      double window = distance <= 1 ? double(size) : std::max(length * decay, double(block));
      bool always = j == 0 && radial.sink;
      if (!always && length < 128 && distance % int64_t(128 / length) != 0)
        continue;
      int64_t used = 0, dense = 0;
      for (int64_t column = 0; column < block; ++column) {
        int64_t c = y * block + column - j * size % block, cells = 0;
        if (c < 0 || c >= size)
          continue;
        for (int64_t row = 0; row < block; ++row) {
          int64_t r = x * block + row - i * size % block;
          if (r >= 0 && r < size && (always || double(std::abs(c - r)) <= window))
            ++cells;
        }
        used += cells > 0;
        dense += 3 * cells > block;
      }
      if (double(dense) / (double(used) + 1e-9) > 0.6)
        return true;
    }
  }
  return false;
}

bool keeps(const Pattern &pattern, const Layout &query, const Layout &key, int64_t batch,
           int64_t head, int64_t queryIndex, int64_t keyIndex) {
  return PatternWalk(pattern, query, key).keeps(batch, head, queryIndex, keyIndex);
}

} // namespace halftone
