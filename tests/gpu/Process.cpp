// What a kernel must keep up over time: graphs, other geometries, other streams.

#include "tests/gpu/Attention.h"

#include "kernels/KernelCache.h"
#include "runtime/DeviceProperties.h"
#include "runtime/Stream.h"

#include <iostream>

using namespace halftone;
using namespace halftone::test;

namespace {

Problem nearFrames(int64_t frames, int64_t height, int64_t width, AttentionShape shape) {
  Layout clip = Layout::video({.frames = frames, .height = height, .width = width});
  auto [q, k] = clip.tokens();
  return attention(clip, shape)
      .where(k.frame() == 0 | abs(q.frame() - k.frame()) <= 1 | abs(q.place() - k.place()) <= 20);
}

} // namespace

TEST_CASE("two geometries of one length take turns in one process") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  AttentionShape shape{.heads = 2, .headDim = 64};
  // 360 tokens both: a stale mask would give a wrong answer and no error.
  Problem wide = nearFrames(4, 9, 10, shape), tall = nearFrames(9, 5, 8, shape);
  Attention first(wide, MemoryOrder::TokenMajor, 5), second(tall, MemoryOrder::TokenMajor, 5);
  first.solve();
  second.solve();
  Kernel firstKernel = compiled(wide, *device);
  Kernel secondKernel = need(firstKernel.replan(tall));
  Kernel compiledAgain = compiled(tall, *device);
  for (int turn = 0; turn < 5; ++turn) {
    checkKernel(first, firstKernel, *device);
    Outcome outcome = checkKernel(second, secondKernel, *device);
    CHECK(checkKernel(second, compiledAgain, *device) == outcome);
  }
}

TEST_CASE("a launch can be captured in a CUDA graph") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  Problem problem = nearFrames(4, 9, 10, {.heads = 2, .headDim = 64, .lse = true});
  Attention attention(problem, MemoryOrder::TokenMajor, 6);
  Kernel kernel = compiled(problem, *device);
  GpuAttention onGpu(attention, *device);
  Outcome direct = onGpu.run(kernel);

  const Driver &driver = *device->details()->driver;
  ContextScope scope(driver, device->details()->context);
  need(scope.status());
  auto must = [&](cuda::Status status, const char *action) { need(driver.check(status, action)); };
  Stream stream = need(Stream::create(*device));
  auto handle = static_cast<cuda::Stream>(stream.handle());
  cuda::Graph graph = nullptr;
  cuda::GraphExec executable = nullptr;
  // The strictest mode: whatever allocates or synchronises, on any stream, fails.
  must(driver.streamBeginCapture(handle, 0), "capture");
  Status launched = onGpu.launch(kernel, stream.handle());
  must(driver.streamEndCapture(handle, &graph), "end the capture");
  need(launched);
  must(driver.graphInstantiate(&executable, graph, 0), "make the graph");
  for (int repeat = 0; repeat < 3; ++repeat) {
    onGpu.upload();
    must(driver.graphLaunch(executable, handle), "launch the graph");
    need(stream.synchronize());
    CHECK(onGpu.download() == direct);
  }
  driver.graphExecDestroy(executable);
  driver.graphDestroy(graph);
}

TEST_CASE("a kernel can be made while a graph is being captured, and is in it") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  // Code that no other test has loaded.
  Problem problem = nearFrames(3, 7, 10, {.heads = 2, .headDim = 128, .lse = true});
  Attention attention(problem, MemoryOrder::TokenMajor, 8);
  GpuAttention onGpu(attention, *device);
  KernelCache cache({.location = {}});
  const Driver &driver = *device->details()->driver;
  ContextScope scope(driver, device->details()->context);
  Stream stream = need(Stream::create(*device));
  auto handle = static_cast<cuda::Stream>(stream.handle());
  cuda::Graph graph = nullptr;
  cuda::GraphExec executable = nullptr;
  need(driver.check(driver.streamBeginCapture(handle, 0), "capture"));
  Result<KernelCache::MadePointer> made = cache.tuned(problem, *device);
  Status launched = made ? onGpu.launch((*made)->kernel, stream.handle()) : Status(made.error());
  need(driver.check(driver.streamEndCapture(handle, &graph), "end the capture"));
  need(launched);
  need(driver.check(driver.graphInstantiate(&executable, graph, 0), "make the graph"));
  onGpu.upload();
  need(driver.check(driver.graphLaunch(executable, handle), "launch the graph"));
  need(stream.synchronize());
  Outcome captured = onGpu.download();
  attention.solve();
  CHECK(checkKernel(attention, (*made)->kernel, *device) == captured);
  driver.graphExecDestroy(executable);
  driver.graphDestroy(graph);
}

TEST_CASE("a kernel can be planned while a graph is being captured") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  Problem problem = nearFrames(4, 9, 10, {.heads = 2, .headDim = 128});
  Kernel kernel = compiled(problem, *device);
  const Driver &driver = *device->details()->driver;
  ContextScope scope(driver, device->details()->context);
  Stream stream = need(Stream::create(*device));
  auto handle = static_cast<cuda::Stream>(stream.handle());
  need(driver.check(driver.streamBeginCapture(handle, 0), "capture"));
  Result<Kernel> other = kernel.replan(nearFrames(5, 9, 10, {.heads = 2, .headDim = 128}));
  cuda::Graph graph = nullptr;
  cuda::Status ended = driver.streamEndCapture(handle, &graph);
  if (graph)
    driver.graphDestroy(graph);
  need(driver.check(ended, "end the capture"));
  if (!other)
    FAIL(other.error().text());
}

TEST_CASE("wrong tensors are refused before the GPU sees them") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  Problem problem = nearFrames(4, 9, 10, {.heads = 2, .headDim = 64});
  Kernel kernel = compiled(problem, *device);
  void *memory = need(device->allocate(1 << 20));
  TensorView good = packedTokenMajor(memory, 360, 2, 64), odd = good;
  odd.tokenStride = 129;
  Status status = kernel(good, odd, good, good);
  REQUIRE_FALSE(status);
  CHECK(status.error().message ==
        "tokenStride of tensor k is 129 elements, which is not a multiple of 16 bytes");
  need(device->synchronize());
  device->release(memory);
}
