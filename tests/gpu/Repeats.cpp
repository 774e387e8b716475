// A kernel run again gives the same bits, and comes back from every one of many launches.

#include "tests/gpu/Attention.h"

#include "kernels/patterns/Radial.h"

using namespace halftone;
using namespace halftone::test;

namespace {

/// Radial attention of a clip, by the paper's block mask and by the exact one.
std::vector<Problem> radialProblems(int64_t frames, int64_t heads) {
  Layout clip = Layout::video({.frames = frames, .height = 30, .width = 52});
  AttentionShape shape{.heads = heads, .headDim = 128, .lse = true};
  patterns::RadialOptions options{.decay = 0.2};
  return {attention(clip, shape).where(patterns::radialReference(options)),
          attention(clip, shape).where(patterns::radial(clip, options))};
}

} // namespace

TEST_CASE("repeats are equal to the bit") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  int repeats = gpuTestOptions().quick ? 5 : gpuTestOptions().isLong ? 1000 : 100;
  for (const Problem &problem : radialProblems(gpuTestOptions().quick ? 1 : 4, 3)) {
    INFO(problem.text());
    Attention attention(problem, MemoryOrder::TokenMajor, 21);
    Kernel kernel = compiled(problem, *device);
    GpuAttention onGpu(attention, *device);
    Outcome first = onGpu.run(kernel);
    CHECK(first.guardsIntact);
    CHECK(first.restIntact);
    for (int repeat = 1; repeat < repeats; ++repeat)
      REQUIRE(onGpu.run(kernel) == first);
  }
}

TEST_CASE("thousands of launches all end, and the last gives the bits of the first") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  int launches = gpuTestOptions().quick ? 20 : gpuTestOptions().isLong ? 10'000 : 1'000;
  for (const Problem &problem : radialProblems(gpuTestOptions().quick ? 1 : 13, 2)) {
    INFO(problem.text());
    Attention attention(problem, MemoryOrder::TokenMajor, 22);
    Kernel kernel = compiled(problem, *device);
    GpuAttention onGpu(attention, *device);
    Outcome first = onGpu.run(kernel);
    for (int launch = 1; launch < launches; ++launch)
      need(onGpu.launch(kernel));
    need(device->synchronize());
    CHECK(onGpu.download() == first);
  }
}
