// Tails, head dims, groups, memory orders and score expressions, one by one.

#include "tests/gpu/Attention.h"

using namespace halftone;
using namespace halftone::test;

namespace {

/// Checks problems one after another, each with code compiled for an earlier one where that serves.
class Checker {
public:
  explicit Checker(Device device) : device(std::move(device)) {}

  void check(const Problem &problem, MemoryOrder order) {
    INFO(problem.text());
    Attention attention(problem, order, 11);
    attention.solve();
    checkKernel(attention, kernelFor(problem), device);
  }

private:
  Kernel kernelFor(const Problem &problem) {
    for (const Kernel &kernel : kernels)
      if (kernel.image().serves(problem))
        return need(kernel.replan(problem));
    kernels.push_back(compiled(problem, device));
    return kernels.back();
  }

  Device device;
  std::vector<Kernel> kernels;
};

} // namespace

TEST_CASE("every kind of tail") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  Checker checker(*device);
  for (int64_t queries : {1, 16, 63, 64, 80, 127, 129})
    for (int64_t keys : {1, 15, 64, 104, 120, 257}) {
      Layout query = Layout::sequence(queries), key = Layout::sequence(keys);
      auto [q, k] = query.tokens();
      AttentionShape shape{.batch = 1, .heads = 2, .headDim = 64, .lse = true};
      checker.check(attention(query, key, shape), MemoryOrder::TokenMajor);
      checker.check(attention(query, key, shape).where(k.index() <= q.index()),
                    MemoryOrder::HeadMajor);
    }
}

TEST_CASE("every head dim, group, memory order and type") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  Layout clip = Layout::video({.frames = 3, .height = 5, .width = 11});
  auto [q, k] = clip.tokens();
  Checker checker(*device);
  for (int64_t headDim : {64, 96, 128, 256})
    for (int64_t kvHeads : {1, 3, 6})
      for (MemoryOrder order :
           {MemoryOrder::TokenMajor, MemoryOrder::HeadMajor, MemoryOrder::FusedQkv})
        for (Element element : {Element::BF16, Element::F16})
          checker.check(attention(clip, {.batch = 2,
                                         .heads = 6,
                                         .kvHeads = kvHeads,
                                         .headDim = headDim,
                                         .element = element})
                            .where(abs(q.frame() - k.frame()) <= 1),
                        order);
}

TEST_CASE("scores: scale, softcap, biases") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  Layout line = Layout::sequence(150);
  auto [q, k] = line.tokens();
  Problem plain = attention(line, {.heads = 3, .headDim = 64, .lse = true});
  Expr apart = abs(q.index() - k.index());
  Checker checker(*device);
  for (const Problem &problem :
       {plain.withScale(0.5), plain.withScale(-0.1), plain.withScale(0), plain.withSoftcap(5),
        plain.withBias(apart, {-0.5f}), plain.withBias(apart, {-0.5f, 0.25f, 0.01f}),
        plain.withSoftcap(20).withBias(apart, {-0.1f}).where(k.index() <= q.index())})
    checker.check(problem, MemoryOrder::TokenMajor);
}
