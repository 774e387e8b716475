#include "runtime/TensorCheck.h"

namespace halftone {
namespace {

struct Axis {
  const char *stride;
  int64_t extent, elements;
};

/// One axis of a tensor: its stride must be aligned and, where rows are written, keep them apart.
Status checkAxis(const std::string &tensor, const Axis &axis, const AttentionShape &shape,
                 int64_t alignment, bool written) {
  if (axis.extent == 1)
    return {};
  std::string stride =
      std::string(axis.stride) + " of " + tensor + " is " + std::to_string(axis.elements);
  int64_t size = elementBytes(shape.element);
  if (axis.elements * size % alignment)
    return misuse(stride + " elements, which is not a multiple of " + std::to_string(alignment) +
                      " bytes",
                  "use a multiple of " + std::to_string(alignment / size) + " elements");
  if (written && std::abs(axis.elements) < shape.headDim)
    return misuse(stride + ": its rows of " + std::to_string(shape.headDim) + " elements overlap",
                  "give every row of the output its own memory");
  return {};
}

Status checkTensor(const char *name, const TensorView &tensor, int64_t batch, int64_t tokens,
                   int64_t heads, const Problem &problem, int64_t alignment, bool written) {
  std::string tensorName = std::string("tensor ") + name;
  if (!tensor.data)
    return misuse(tensorName + " has no data: its pointer is null", "pass the tensor");
  int64_t past = int64_t(reinterpret_cast<uintptr_t>(tensor.data) % uintptr_t(alignment));
  if (past)
    return misuse(tensorName + " begins at an address that is not a multiple of " +
                      std::to_string(alignment) + " bytes",
                  "start it " + std::to_string(alignment - past) + " bytes later, or copy it");
  for (const Axis &axis : {Axis{"batchStride", batch, tensor.batchStride},
                           Axis{"tokenStride", tokens, tensor.tokenStride},
                           Axis{"headStride", heads, tensor.headStride}})
    if (Status status = checkAxis(tensorName, axis, problem.shape(), alignment, written); !status)
      return status;
  return {};
}

} // namespace

Status checkTensors(const Problem &problem, int64_t alignment, const TensorView &q,
                    const TensorView &k, const TensorView &v, const TensorView &o,
                    const float *lse) {
  const AttentionShape &shape = problem.shape();
  int64_t queries = problem.query().tokenCount(), keys = problem.key().tokenCount();
  struct Operand {
    const char *name;
    const TensorView *tensor;
    int64_t tokens, heads;
    bool written;
  };
  for (const Operand &operand : {Operand{"q", &q, queries, shape.heads, false},
                                 Operand{"k", &k, keys, problem.kvHeads(), false},
                                 Operand{"v", &v, keys, problem.kvHeads(), false},
                                 Operand{"o", &o, queries, shape.heads, true}})
    if (Status status = checkTensor(operand.name, *operand.tensor, shape.batch, operand.tokens,
                                    operand.heads, problem, alignment, operand.written);
        !status)
      return status;
  if (shape.lse && !lse)
    return misuse(
        "the problem asks for the log-sum-exp, and lse is null",
        "pass a buffer of batch * heads * queries floats, or build the problem without lse");
  return {};
}

} // namespace halftone
