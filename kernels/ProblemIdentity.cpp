#include "kernels/ProblemIdentity.h"

#include <llvm/ADT/Hashing.h>

#include <algorithm>
#include <bit>
#include <mutex>

namespace halftone {
namespace {

using llvm::hash_code;
using llvm::hash_combine;

/// Of what sameTree() compares.
hash_code hashOfTree(const Node &node) {
  uint64_t kind = uint64_t(node.op) | uint64_t(node.size) << 32;
  if (node.op == Op::Coordinate)
    kind |= uint64_t(node.side) << 8 | uint64_t(node.coordinate) << 16;
  else if (node.op == Op::Rounded)
    kind |= uint64_t(node.rounding) << 24;
  const std::vector<NodePointer> &operands = node.operands;
  if (operands.empty() && node.op != Op::RadialBlocks)
    return hash_combine(kind, node.value);
  if (operands.size() == 2)
    return hash_combine(kind, node.value, hashOfTree(*operands[0]), hashOfTree(*operands[1]));
  hash_code code = hash_combine(kind, node.value);
  if (node.op == Op::RadialBlocks)
    code = hash_combine(code, node.radial.decayNumerator, node.radial.decayDenominator,
                        node.radial.block, node.radial.sink);
  for (const NodePointer &operand : operands)
    code = hash_combine(code, hashOfTree(*operand));
  return code;
}

/// Whether it is still the tree that was remembered: told by who owns it, which outlives an
/// address. Nothing is kept alive.
bool isStill(const std::weak_ptr<const Node> &remembered, const NodePointer &tree) {
  return !remembered.owner_before(tree) && !tree.owner_before(remembered);
}

/// What was found out lately about trees that are still there, so that it costs one look whatever
/// their size.
class RecentTrees {
public:
  size_t hashOf(const NodePointer &tree) {
    Hash &slot = hashes[numberOf(tree) % std::size(hashes)];
    {
      std::lock_guard lock(mutex);
      if (isStill(slot.tree, tree))
        return slot.hash;
    }
    size_t hash = hashOfTree(*tree);
    std::lock_guard lock(mutex);
    slot = {tree, hash};
    return hash;
  }

  bool areSame(const NodePointer &a, const NodePointer &b) {
    Twins &slot = twins[(numberOf(a) * 31 + numberOf(b)) % std::size(twins)];
    {
      std::lock_guard lock(mutex);
      if (isStill(slot.a, a) && isStill(slot.b, b))
        return true;
    }
    if (!sameTree(*a, *b))
      return false;
    std::lock_guard lock(mutex);
    slot = {a, b};
    return true;
  }

private:
  struct Hash {
    std::weak_ptr<const Node> tree;
    size_t hash = 0;
  };
  struct Twins {
    std::weak_ptr<const Node> a, b;
  };
  static size_t numberOf(const NodePointer &tree) {
    return size_t(uintptr_t(tree.get()) / alignof(std::max_align_t));
  }

  std::mutex mutex;
  Hash hashes[256];
  Twins twins[256];
};

RecentTrees &recentTrees() {
  static auto *const trees = new RecentTrees(); // for whoever asks while the program ends
  return *trees;
}

/// Of trees up to this size nothing is worth remembering.
constexpr uint32_t smallTree = 8;

size_t hashOf(const NodePointer &tree) {
  return tree->size <= smallTree ? size_t(hashOfTree(*tree)) : recentTrees().hashOf(tree);
}

bool areSame(const NodePointer &a, const NodePointer &b) {
  return a == b || (a->size == b->size &&
                    (a->size <= smallTree ? sameTree(*a, *b) : recentTrees().areSame(a, b)));
}

hash_code hashOf(const Layout &layout) {
  return hash_combine(layout.frameCount(), layout.height(), layout.width(), layout.textTokens(),
                      llvm::hash_combine_range(layout.segments().begin(), layout.segments().end()));
}

bool sameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

bool sameBias(const Bias &a, const Bias &b) {
  return a.coefficients.size() == b.coefficients.size() &&
         std::equal(a.coefficients.begin(), a.coefficients.end(), b.coefficients.begin(),
                    [](float x, float y) {
                      return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
                    }) &&
         areSame(a.distance.node(), b.distance.node());
}

} // namespace

bool sameProblem(const Problem &a, const Problem &b) {
  const AttentionShape &x = a.shape(), &y = b.shape();
  bool sameCaps = a.softcap().has_value() == b.softcap().has_value() &&
                  (!a.softcap() || sameBits(*a.softcap(), *b.softcap()));
  return x.batch == y.batch && x.heads == y.heads && a.kvHeads() == b.kvHeads() &&
         x.headDim == y.headDim && x.element == y.element && x.lse == y.lse &&
         sameBits(a.scale(), b.scale()) && sameCaps && a.query() == b.query() &&
         a.key() == b.key() && areSame(a.pattern().node(), b.pattern().node()) &&
         std::equal(a.biases().begin(), a.biases().end(), b.biases().begin(), b.biases().end(),
                    sameBias);
}

size_t hashOf(const Problem &problem) {
  const AttentionShape &shape = problem.shape();
  hash_code code =
      hash_combine(shape.batch, shape.heads, problem.kvHeads(), shape.headDim,
                   uint8_t(shape.element), shape.lse, std::bit_cast<uint64_t>(problem.scale()),
                   std::bit_cast<uint64_t>(problem.softcap().value_or(-1)), hashOf(problem.query()),
                   hashOf(problem.key()), hashOf(problem.pattern().node()));
  for (const Bias &bias : problem.biases()) {
    code = hash_combine(code, hashOf(bias.distance.node()));
    for (float coefficient : bias.coefficients)
      code = hash_combine(code, std::bit_cast<uint32_t>(coefficient));
  }
  return code;
}

bool hasMistake(const Problem &problem) {
  return problem.pattern().mistake() ||
         std::any_of(problem.biases().begin(), problem.biases().end(),
                     [](const Bias &bias) { return bias.distance.node()->mistake != nullptr; });
}

} // namespace halftone
