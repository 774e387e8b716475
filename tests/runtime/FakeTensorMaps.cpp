// The tensor maps of a launch on sm_90a against the fake driver.

#include "FakeDevice.h"

#include <cstring>
#include <thread>

using namespace halftone;
using namespace halftone::test;

namespace {

/// A kernel of gathered stages: seven tensor maps follow its arguments.
Result<Kernel> gatheredKernel(const Problem &problem, int gather = 16) {
  auto image = sampleImage(problem, Image::Kind::Cubin, "sm_90a");
  image->schedule.tileQ = 192;
  image->schedule.tileK = 64;
  image->schedule.gather = gather;
  image->planFormat = Image::chunksFormat;
  image->sharedBytes = 232448;
  return Kernel::load(image, problem, gpu());
}

Problem sparse(int64_t queries, int64_t keys, AttentionShape shape) {
  return attention(Layout::sequence(queries), Layout::sequence(keys), shape);
}

} // namespace

TEST_CASE("a kernel of gathered stages takes seven tensor maps after its arguments") {
  Device device = gpu();
  FakeDriverState &state = driver();
  state.parameters = 8;
  Problem problem = sparse(1000, 300, {.batch = 2, .heads = 4, .kvHeads = 2, .headDim = 96});
  Result<Kernel> kernel = gatheredKernel(problem);
  REQUIRE(kernel);
  CHECK(state.maxDynamicShared == 232448);
  int calls = state.calls;
  alignas(16) static char queries[16], keys[16], values[16], out[16];
  TensorView q{queries, 384'000, 384, 96}, k{keys, 8, 192, int64_t{3} << 32},
      v{values, int64_t{5} << 32, 200, 104};
  REQUIRE((*kernel)(q, k, v, {out, 384'000, 384, 96}));
  CHECK(state.calls == calls);
  REQUIRE(state.launches.size() == 1);
  const FakeDriverState::Launch &launch = state.launches[0];
  CHECK(launch.grid[0] == 2 * 4 * 6);
  CHECK(launch.sharedBytes == 232448);
  CHECK(launch.arguments.work[0].columns == 44);
  CHECK(launch.tensorMaps == std::vector<size_t>{0, 1, 2, 5, 6, 3, 4});

  using Long = std::vector<uint64_t>;
  void *const data[] = {queries, keys, values, keys, values, keys, values};
  const uint32_t rows[] = {192, 64, 64, 32, 32, 16, 16};
  const Long strides[] = {
      {768, 192, 768'000}, {384, uint64_t{6} << 32, 16}, {400, 208, uint64_t{10} << 32}};
  for (size_t i = 0; i < 7; ++i) {
    CAPTURE(i);
    const FakeDriverState::TensorMap &map = state.tensorMaps[launch.tensorMaps[i]];
    CHECK(map.data == data[i]);
    CHECK(map.type == 9);
    CHECK(map.swizzle == 3);
    CHECK(map.promotion == 3);
    CHECK(map.interleave == 0);
    CHECK(map.fill == 0);
    CHECK(map.dimensions == (i == 0 ? Long{96, 1000, 4, 2} : Long{96, 300, 2, 2}));
    CHECK(map.strides == strides[i == 0 ? 0 : 1 + (i - 1) % 2]);
    CHECK(map.box == std::vector<uint32_t>{64, rows[i], 1, 1});
    CHECK(map.steps == std::vector<uint32_t>{1, 1, 1, 1});
  }
}

TEST_CASE("tensor maps are made anew only for other tensors") {
  Device device = gpu();
  FakeDriverState &state = driver();
  state.parameters = 8;
  Problem problem = causal(100);
  Result<Kernel> kernel = gatheredKernel(problem);
  REQUIRE(kernel);
  REQUIRE((*kernel)(at(), at(128), at(128), at()));
  REQUIRE((*kernel)(at(), at(128), at(128), at(256, 16))); // another output
  CHECK(state.tensorMaps.size() == 7);
  CHECK(state.launches[1].tensorMaps == state.launches[0].tensorMaps);
  REQUIRE((*kernel)(at(), at(128), at(136), at()));
  CHECK(state.tensorMaps.size() == 14);
  REQUIRE((*kernel)(at(256, 16), at(128), at(136), at()));
  CHECK(state.tensorMaps.size() == 21);
  TensorView key = at(128);
  key.batchStride += 8;
  REQUIRE((*kernel)(at(256, 16), key, at(136), at()));
  REQUIRE((*kernel)(at(256, 16), key, at(136), at()));
  CHECK(state.tensorMaps.size() == 28);

  // A new length has maps of its own.
  Result<Kernel> longer = kernel->replan(causal(200));
  REQUIRE(longer);
  REQUIRE((*longer)(at(256, 16), key, at(136), at()));
  REQUIRE(state.tensorMaps.size() == 35);
  CHECK(state.tensorMaps[28].dimensions[1] == 200);
}

TEST_CASE("launches from several threads each get the maps of their tensors") {
  Device device = gpu();
  FakeDriverState &state = driver();
  state.parameters = 8;
  Problem problem = causal(100);
  Result<Kernel> kernel = gatheredKernel(problem);
  REQUIRE(kernel);
  alignas(16) static char all[4][16];
  std::vector<std::thread> callers;
  for (char *own : {all[0], all[1], all[2], all[3]})
    callers.emplace_back([&kernel, own] {
      TensorView tensor{own, 1 << 20, 256, 64};
      for (int i = 0; i < 200; ++i)
        (void)bool((*kernel)(tensor, tensor, tensor, at()));
    });
  for (std::thread &caller : callers)
    caller.join();
  CHECK(state.launches.size() == 800);
  bool right = true;
  for (const FakeDriverState::Launch &launch : state.launches)
    for (size_t map : launch.tensorMaps)
      right &=
          map < state.tensorMaps.size() && state.tensorMaps[map].data == launch.arguments.q.data;
  CHECK(right);
}

TEST_CASE("an image of f16 says so in its maps, and an axis of one element has a stride") {
  Device device = gpu();
  FakeDriverState &state = driver();
  Problem one = attention(Layout::sequence(1), {.headDim = 64, .element = Element::F16});
  Result<Kernel> kernel = gatheredKernel(one, 64);
  REQUIRE(kernel);
  TensorView odd{memory, -3, 5, 7};
  REQUIRE((*kernel)(odd, odd, odd, odd));
  REQUIRE(state.tensorMaps.size() == 5);
  CHECK(state.tensorMaps[0].type == 6);
  CHECK(state.tensorMaps[0].strides == std::vector<uint64_t>{128, 128, 128});
  CHECK(state.tensorMaps[4].box[1] == 64);
}

TEST_CASE("strides that the copy engine cannot take are refused by name") {
  Device device = gpu();
  FakeDriverState &state = driver();
  Problem problem = causal(100);
  Result<Kernel> kernel = gatheredKernel(problem);
  REQUIRE(kernel);
  auto text = [&](TensorView q, TensorView k, TensorView v) {
    Status status = (*kernel)(q, k, v, at());
    REQUIRE_FALSE(status);
    return status.error().text();
  };
  CHECK(text(at(), at(132), at(128)) ==
        "tokenStride of tensor k is 132 elements, which is not a multiple of 16 bytes; use a "
        "multiple of 8 elements");
  CHECK(text(at(), at(128), at(-128)) ==
        "tokenStride of tensor v is -128 elements, and sm_90a reads by strides of 0 to "
        "549755813887; copy the tensor to a packed one");
  TensorView far = at();
  far.batchStride = int64_t{1} << 39;
  CHECK(text(far, at(128), at(128)) ==
        "batchStride of tensor q is 549755813888 elements, and sm_90a reads by strides of 0 to "
        "549755813887; copy the tensor to a packed one");
  state.encodeStatus = cuda::invalidValue;
  CHECK(text(at(), at(128), at(128)) ==
        "cannot describe tensor q to the GPU: the fake driver said so (CUDA_ERROR_FAKE, 1); copy "
        "the tensor to a packed one");
  CHECK(state.launches.empty());
  state.encodeStatus = cuda::success;
  CHECK((*kernel)(at(), at(128), at(128), at()));
}

TEST_CASE("an image whose plans this library does not make is refused before loading") {
  Device device = gpu();
  FakeDriverState &state = driver();
  Problem problem = causal(100);
  int loads = state.moduleLoads;
  auto image = sampleImage(problem, Image::Kind::Cubin, "sm_90a");
  image->planFormat = 3;
  CHECK(refusal(image, problem).text() ==
        "the image takes plans of format 3, and this library makes formats 1, 4, 5 and 6; compile "
        "it again with this version");
  CHECK(state.moduleLoads == loads);
}
