#include "runtime/TensorCheck.h"

namespace halftone {
namespace {

struct Axis {
  const char *stride;
  int64_t extent, elements;
};

Status checkTensor(const char *name, const TensorView &tensor, int64_t batch, int64_t tokens,
                   int64_t heads, const Problem &problem, int64_t alignment, bool written) {
  std::string tensorName = std::string("tensor ") + name;
  if (!tensor.data)
    return misuse(tensorName + " has no data: its pointer is null", "pass the tensor");
  auto address = reinterpret_cast<uintptr_t>(tensor.data);
  std::string needed = std::to_string(alignment);
  if (address % uintptr_t(alignment))
    return misuse(
        tensorName + " begins at an address that is not a multiple of " + needed + " bytes",
        "start it " + std::to_string(alignment - int64_t(address % uintptr_t(alignment))) +
            " bytes later, or copy it");
  int64_t elementSize = elementBytes(problem.shape().element);
  for (const Axis &axis : {Axis{"batchStride", batch, tensor.batchStride},
                           Axis{"tokenStride", tokens, tensor.tokenStride},
                           Axis{"headStride", heads, tensor.headStride}}) {
    if (axis.extent == 1)
      continue;
    std::string stride = axis.stride + (" of " + tensorName);
    if (axis.elements * elementSize % alignment)
      return misuse(stride + " is " + std::to_string(axis.elements) +
                        " elements, which is not a multiple of " + needed + " bytes",
                    "use a multiple of " + std::to_string(alignment / elementSize) + " elements");
    if (written && std::abs(axis.elements) < problem.shape().headDim)
      return misuse(stride + " is " + std::to_string(axis.elements) + ": its rows of " +
                        std::to_string(problem.shape().headDim) + " elements overlap",
                    "give every row of the output its own memory");
  }
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
