#include "dsl/SingleHead.h"

#include <map>

namespace halftone {
namespace {

/// Rebuilds a tree with head and batch as constants; what does not mention them is shared.
class Substitution {
public:
  Substitution(int64_t batch, int64_t head) : batch(batch), head(head) {}

  NodePointer operator()(const NodePointer &node) {
    if (auto found = done.find(node.get()); found != done.end())
      return found->second;
    auto copy = std::make_shared<Node>(*node);
    bool changed = node->op == Op::Head || node->op == Op::Batch;
    if (changed) {
      copy->value = node->op == Op::Head ? head : batch;
      copy->op = Op::Constant;
    }
    for (NodePointer &operand : copy->operands) {
      NodePointer replaced = (*this)(operand);
      changed |= replaced != operand;
      operand = replaced;
    }
    return done[node.get()] = changed ? NodePointer(copy) : node;
  }

private:
  int64_t batch, head;
  std::map<const Node *, NodePointer> done;
};

} // namespace

Problem singleHead(const Problem &problem, int64_t batch, int64_t head) {
  AttentionShape shape = problem.shape();
  shape.batch = shape.heads = shape.kvHeads = 1;
  Substitution substitute(batch, head);
  Problem single = Problem(problem.query(), problem.key(), shape)
                       .where(Pattern(substitute(problem.pattern().node())))
                       .withScale(problem.scale());
  if (problem.softcap())
    single = single.withSoftcap(*problem.softcap());
  for (const Bias &bias : problem.biases()) {
    float coefficient = bias.coefficients[bias.coefficients.size() == 1 ? 0 : size_t(head)];
    single = single.withBias(Expr(substitute(bias.distance.node())), {coefficient});
  }
  return single;
}

} // namespace halftone
