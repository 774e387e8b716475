// A kernel run again gives the same bits, and comes back from every one of many launches.

#include "tests/gpu/Attention.h"

#include "kernels/patterns/Radial.h"

#include <functional>

using namespace halftone;
using namespace halftone::test;

namespace {

/// A kernel of radial attention on its tensors, and what it made of them the first time.
using Body = std::function<void(const Kernel &kernel, GpuAttention &onGpu, const Outcome &first)>;

/// With the paper's block mask, and with the exact one.
void withRadialKernels(int64_t frames, int64_t heads, const Device &device, const Body &body) {
  Layout clip = Layout::video({.frames = frames, .height = 30, .width = 52});
  patterns::RadialOptions options{.decay = 0.2};
  for (const Pattern &pattern :
       {patterns::radialReference(options), patterns::radial(clip, options)}) {
    AttentionShape shape{.heads = heads, .headDim = 128, .lse = true};
    Problem problem = attention(clip, shape).where(pattern);
    INFO(problem.text());
    Attention attention(problem, MemoryOrder::TokenMajor, 21);
    Kernel kernel = compiled(problem, device);
    GpuAttention onGpu(attention, device);
    Outcome first = onGpu.run(kernel);
    CHECK(first.guardsIntact);
    CHECK(first.restIntact);
    body(kernel, onGpu, first);
  }
}

} // namespace

TEST_CASE("repeats are equal to the bit") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  const GpuTestOptions &options = gpuTestOptions();
  int repeats = options.quick ? 5 : options.isLong ? 1000 : 100;
  withRadialKernels(options.quick ? 1 : 4, 3, *device,
                    [&](const Kernel &kernel, GpuAttention &onGpu, const Outcome &first) {
                      for (int repeat = 1; repeat < repeats; ++repeat)
                        REQUIRE(onGpu.run(kernel) == first);
                    });
}

TEST_CASE("thousands of launches all end, and the last gives the bits of the first") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  const GpuTestOptions &options = gpuTestOptions();
  int launches = options.quick ? 20 : options.isLong ? 10'000 : 1'000;
  withRadialKernels(options.quick ? 1 : 13, 2, *device,
                    [&](const Kernel &kernel, GpuAttention &onGpu, const Outcome &first) {
                      for (int launch = 1; launch < launches; ++launch)
                        need(onGpu.launch(kernel));
                      need(device->synchronize());
                      CHECK(onGpu.download() == first);
                    });
}
