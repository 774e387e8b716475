#include "dsl/WholeTiles.h"

#include "dsl/Node.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace halftone {

namespace {

/// Visits each node that decides about tokens: not what a block mask was made of. A pattern is a
/// tree with shared parts, so that parts seen once are not walked again.
template <typename Visit> void visitOutsideBlocks(const Pattern &pattern, const Visit &visit) {
  std::vector<const Node *> open{pattern.node().get()}, seen;
  while (!open.empty()) {
    const Node *node = open.back();
    open.pop_back();
    if (std::find(seen.begin(), seen.end(), node) != seen.end())
      continue;
    seen.push_back(node);
    visit(*node);
    if (node->op != Op::Rounded)
      for (const NodePointer &operand : node->operands)
        open.push_back(operand.get());
  }
}

/// 0 where the node is not a block mask.
int64_t blockOf(const Node &node) {
  return node.op == Op::RadialBlocks ? node.radial.block : node.op == Op::Rounded ? node.value : 0;
}

} // namespace

int64_t maskBlock(const Pattern &pattern) {
  int64_t block = 0;
  visitOutsideBlocks(pattern, [&](const Node &node) { block = std::gcd(block, blockOf(node)); });
  return block;
}

bool keepsWholeTiles(const Pattern &pattern, int64_t rows, int64_t columns) {
  bool whole = true;
  visitOutsideBlocks(pattern, [&](const Node &node) {
    int64_t block = blockOf(node);
    whole &= node.op != Op::Coordinate && block % rows == 0 && block % columns == 0;
  });
  return whole;
}

} // namespace halftone
