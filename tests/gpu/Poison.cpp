// What is not attended to must not be felt, and rows that attend to nothing are 0.

#include "tests/gpu/Attention.h"

#include <algorithm>
#include <cmath>

using namespace halftone;
using namespace halftone::test;

namespace {

std::vector<uint16_t> outputOf(const Attention &attention, const Outcome &outcome) {
  const TensorPlace &o = attention.memory.o;
  const AttentionShape &shape = attention.problem.shape();
  std::vector<uint16_t> values;
  for (int64_t batch = 0; batch < shape.batch; ++batch)
    for (int64_t head = 0; head < shape.heads; ++head)
      for (int64_t token = 0; token < attention.queries(); ++token) {
        auto row =
            outcome.buffers[size_t(o.buffer)].begin() + std::ptrdiff_t(o.at(batch, token, head));
        values.insert(values.end(), row, row + shape.headDim);
      }
  return values;
}

} // namespace

TEST_CASE("NaN in keys and values that are not attended to changes no bit") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  Layout clip = Layout::video({.frames = 5, .height = 9, .width = 13, .text = 21});
  auto [q, k] = clip.tokens();
  AttentionShape shape{.batch = 2, .heads = 4, .kvHeads = 2, .headDim = 64, .lse = true};
  for (const Pattern &pattern :
       {k.place() % 8 == 0, k.frame() == 2, q.frame() == k.frame() & k.row() < 3,
        head() % 2 == 0 & k.index() >= 100 & k.index() < 137,
        rounded(k.index() == 200, Rounding::Any, 64), k.isText() & q.index() < 300}) {
    for (Element element : {Element::BF16, Element::F16}) {
      shape.element = element;
      Problem problem = attention(clip, shape).where(pattern);
      INFO(problem.text());
      Attention clean(problem, MemoryOrder::TokenMajor, 3);
      Attention poisoned(problem, MemoryOrder::TokenMajor, 3);
      REQUIRE(poison(poisoned) > 0);
      Kernel kernel = compiled(problem, *device);
      Outcome right = GpuAttention(clean, *device).run(kernel);
      Outcome outcome = GpuAttention(poisoned, *device).run(kernel);
      CHECK(outputOf(poisoned, outcome) == outputOf(clean, right));
      CHECK(outcome.lse == right.lse);
      for (uint16_t value : outputOf(clean, right))
        REQUIRE(std::isfinite(clean.element(value)));
    }
  }
}

TEST_CASE("NaN in the keys of random problems that are not attended to changes no bit") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  int64_t rows = 0;
  for (uint64_t seed = 1001; seed <= (gpuTestOptions().quick ? 1005 : 1040); ++seed) {
    RandomProblem random = RandomProblem::make(seed, Element::BF16, true);
    INFO(random.text());
    Attention clean(random.problem, random.order, seed);
    Attention poisoned(random.problem, random.order, seed);
    rows += poison(poisoned);
    Kernel kernel = compiled(random.problem, *device);
    Outcome right = GpuAttention(clean, *device).run(kernel);
    Outcome outcome = GpuAttention(poisoned, *device).run(kernel);
    CHECK(outputOf(poisoned, outcome) == outputOf(clean, right));
    if (random.problem.shape().lse)
      CHECK(outcome.lse == right.lse);
  }
  CHECK(rows > 0);
}

TEST_CASE("rows that attend to nothing are 0, and their log-sum-exp is -infinity") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  Layout line = Layout::sequence(300);
  auto [q, k] = line.tokens();
  AttentionShape shape{.batch = 1, .heads = 2, .headDim = 128, .lse = true};
  // A whole query tile, part of one, single rows, and one head: errorsOf() wants exact zeros.
  for (const Pattern &pattern :
       {q.index() >= 140, q.index() < 40, q.index() % 3 != 1, head() == 1,
        k.index() < q.index() - 200, q.index() == 299 & k.index() == 299}) {
    Problem problem = attention(line, shape).where(pattern);
    INFO(problem.text());
    Attention attention(problem, MemoryOrder::HeadMajor, 4);
    attention.solve();
    REQUIRE(std::any_of(attention.right.lse.begin(), attention.right.lse.end(),
                        [](double lse) { return std::isinf(lse); }));
    checkOnGpu(attention, *device);
  }
}
