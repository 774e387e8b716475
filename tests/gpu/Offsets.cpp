// Tensors whose elements lie more than 2^31 elements from their beginning.

#include "tests/gpu/Attention.h"

#include <iostream>

using namespace halftone;
using namespace halftone::test;

namespace {

/// Checks a problem whose four tensors have these strides and begin `between` elements after one
/// another in one allocation of `elements`, inside the gaps that the strides leave.
void checkFar(const Problem &problem, int64_t tokenStride, int64_t headStride, int64_t between,
              int64_t elements, const Device &device) {
  INFO(problem.text());
  Attention attention(problem, MemoryOrder::HeadMajor, 8);
  attention.solve();
  const AttentionShape &shape = problem.shape();
  int64_t dim = shape.headDim, tokens = attention.queries();
  REQUIRE((tokens - 1) * tokenStride + (shape.heads - 1) * headStride > int64_t{1} << 31);

  Result<void *> allocated = device.allocate(size_t(elements) * 2);
  if (!allocated) {
    std::cout << "[SKIP] offsets: " << allocated.error().message << "\n";
    return;
  }
  auto *memory = static_cast<char *>(*allocated);
  auto at = [&](int64_t tensor, int64_t head, int64_t token) {
    return memory + 2 * (tensor * between + head * headStride + token * tokenStride);
  };
  REQUIRE(at(3, shape.heads - 1, tokens - 1) + 2 * dim <= memory + 2 * elements);
  need(device.fill(memory, 0xff, size_t(elements) * 2));
  const TensorPlace *places[] = {&attention.memory.q, &attention.memory.k, &attention.memory.v};
  for (int64_t tensor = 0; tensor < 3; ++tensor)
    for (int64_t head = 0; head < shape.heads; ++head)
      for (int64_t token = 0; token < tokens; ++token)
        need(device.upload(at(tensor, head, token),
                           attention.buffers[size_t(places[tensor]->buffer)].data() +
                               places[tensor]->at(0, token, head),
                           size_t(dim) * 2));

  Kernel kernel = compiled(problem, device);
  auto view = [&](int64_t tensor) {
    return TensorView{at(tensor, 0, 0), 0, tokenStride, headStride};
  };
  need(kernel(view(0), view(1), view(2), view(3)));
  need(device.synchronize());
  Outcome outcome;
  outcome.buffers = attention.buffers;
  const TensorPlace &o = attention.memory.o;
  for (int64_t head = 0; head < shape.heads; ++head)
    for (int64_t token = 0; token < tokens; ++token)
      need(device.download(outcome.buffers[size_t(o.buffer)].data() + o.at(0, token, head),
                           at(3, head, token), size_t(dim) * 2));
  CHECK(errorsOf(attention, outcome).output <= attention.tolerance());
  device.release(memory);
}

} // namespace

TEST_CASE("offsets past 2^31 elements, by heads and by tokens") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  Layout line = Layout::sequence(200);
  auto [q, k] = line.tokens();
  Problem problem = attention(line, {.heads = 4, .headDim = 64}).where(k.index() <= q.index());
  // Heads 2^30 elements apart; the four tensors follow one another inside the gap.
  checkFar(problem, 64, int64_t{1} << 30, 1 << 20, (int64_t{3} << 30) + (1 << 23), *device);
  // Tokens 2^24 elements apart.
  checkFar(problem, 1 << 24, 64, 1 << 20, int64_t{200} << 24, *device);
}
