// Tensor maps by the real driver: it takes every tensor that a launch lets through.

#include "tests/gpu/GpuTest.h"

#include "runtime/DeviceProperties.h"
#include "runtime/TensorMaps.h"

#include <algorithm>
#include <chrono>

using namespace halftone;
using namespace halftone::test;

namespace {

/// A GPU whose copy engine takes tensor maps.
std::optional<Device> copyEngineOrSkip() {
  std::optional<Device> device = gpuOrSkip();
  if (device && device->computeCapability() < 90) {
    MESSAGE("no tensor maps before sm_90");
    return std::nullopt;
  }
  return device;
}

Problem dense(int64_t tokens, AttentionShape shape) {
  return attention(Layout::sequence(tokens), shape);
}

/// The maps of tensors that all lie at one address, which nothing reads.
Result<TensorMaps> encode(const Device &device, const Problem &problem, TensorArgument tensor,
                          const Schedule &schedule) {
  alignas(16) static char memory[16];
  tensor.data = memory;
  KernelArguments arguments{};
  arguments.q = arguments.k = arguments.v = tensor;
  ContextScope scope(*device.details()->driver, device.details()->context);
  if (!scope.status())
    return scope.status().error();
  return TensorMaps::encode(*device.details()->driver, arguments, problem, schedule);
}

} // namespace

TEST_CASE("the driver describes every tensor that a launch takes") {
  std::optional<Device> device = copyEngineOrSkip();
  if (!device)
    return;
  const Schedule wide{.tileQ = 192, .tileK = 192, .gather = 64},
      fine{.tileQ = 64, .tileK = 176, .gather = 16}, whole{.tileK = 256, .gather = 256};
  struct Case {
    const char *what;
    Problem problem;
    TensorArgument tensor; ///< batch, head, token stride
  };
  const Case cases[] = {
      {"token-major",
       dense(1000, {.batch = 2, .heads = 8, .headDim = 128}),
       {nullptr, 1'024'000, 128, 1024}},
      {"head-major",
       dense(1000, {.batch = 2, .heads = 8, .headDim = 128}),
       {nullptr, 1'024'000, 128'000, 128}},
      {"fewer tokens than a box", dense(3, {.heads = 2, .headDim = 64}), {nullptr, 384, 192, 64}},
      {"axes of one element",
       dense(1, {.headDim = 64, .element = Element::F16}),
       {nullptr, -3, 5, 7}},
      {"a head dim of one and a half panels",
       dense(77, {.heads = 3, .headDim = 96}),
       {nullptr, 22'176, 96, 288}},
      {"a head dim that ends inside 16 bytes",
       dense(77, {.heads = 3, .headDim = 100}),
       {nullptr, 24'024, 104, 312}},
      {"offsets past 2^31 elements",
       dense(461'056, {.batch = 2, .heads = 40, .headDim = 128}),
       {nullptr, int64_t{1} << 33, int64_t{461'056} * 128, 128}},
      {"the largest stride",
       dense(2, {.batch = 2, .headDim = 128}),
       {nullptr, (int64_t{1} << 39) - 8, 128, 128}},
      {"one key and value for all heads",
       dense(500, {.heads = 4, .headDim = 128}),
       {nullptr, 0, 0, 128}},
  };
  for (const Case &each : cases)
    for (const Schedule &schedule : {wide, fine, whole}) {
      CAPTURE(each.what);
      CAPTURE(schedule.text());
      Result<TensorMaps> maps = encode(*device, each.problem, each.tensor, schedule);
      CHECK_MESSAGE(maps, (maps ? "" : maps.error().text()));
    }
}

TEST_CASE("the maps of a launch take the host less than 2 microseconds") {
  std::optional<Device> device = copyEngineOrSkip();
  if (!device)
    return;
  Problem problem = dense(69'120, {.heads = 40, .headDim = 128});
  const Schedule schedule{.tileQ = 192, .tileK = 192, .gather = 64};
  std::vector<double> microseconds;
  for (int round = 0; round < 200; ++round) {
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 10; ++i)
      need(encode(*device, problem, {nullptr, 0, 128, 5120}, schedule));
    std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
    microseconds.push_back(time.count() / 10);
  }
  // The median: a test machine does other things beside.
  std::nth_element(microseconds.begin(), microseconds.begin() + 100, microseconds.end());
  MESSAGE("five maps: " << microseconds[100] << " us");
  CHECK(microseconds[100] < 2);
}
