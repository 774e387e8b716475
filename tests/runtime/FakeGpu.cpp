// The GPU half of the runtime against the fake driver: what it asks of a driver, and when.

#include "FakeDriver.h"
#include "SampleImage.h"

#include "runtime/Kernel.h"
#include "runtime/LoadedImage.h"
#include "runtime/Stream.h"

#include <dlfcn.h>

#include <cstring>
#include <thread>

using namespace halftone;

namespace {

Device gpu() {
  Result<Device> device = Device::gpu();
  if (!device)
    FAIL(device.error().text());
  return *device;
}

/// The fake driver's state, its faults cleared. A device must be open.
FakeDriverState &driver() {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  REQUIRE(library != nullptr);
  auto find = reinterpret_cast<FakeDriverState *(*)()>(dlsym(library, "fakeDriverState"));
  dlclose(library);
  bool found = find != nullptr;
  REQUIRE_MESSAGE(found, "libcuda.so.1 is not the fake driver: LD_LIBRARY_PATH must lead to it");
  FakeDriverState &state = *find();
  state.localBytes = state.loadStatus = state.allocateStatus = state.launchStatus =
      state.encodeStatus = 0;
  state.loadLog.clear();
  state.launches.clear();
  state.tensorMaps.clear();
  state.parameters = 1;
  return state;
}

Problem causal(int64_t tokens, bool lse = false) {
  Layout line = Layout::sequence(tokens);
  auto [q, k] = line.tokens();
  return attention(line, {.batch = 2, .heads = 4, .kvHeads = 2, .headDim = 64, .lse = lse})
      .where(k.index() <= q.index());
}

Error refusal(const std::shared_ptr<Image> &image, const Problem &problem) {
  Result<Kernel> kernel = Kernel::load(image, problem, gpu());
  REQUIRE_FALSE(kernel);
  return kernel.error();
}

alignas(16) char memory[64];
TensorView at(int64_t tokenStride = 256, int64_t offset = 0) {
  return {memory + offset, 1 << 20, tokenStride, 64};
}

} // namespace

TEST_CASE("a launch is one call, with all a kernel needs in its parameter") {
  Device device = gpu();
  FakeDriverState &state = driver();
  Problem problem = causal(1000, true);
  auto image = sampleImage(problem, Image::Kind::Cubin, "sm_90");
  Result<Kernel> kernel = Kernel::load(image, problem, device);
  REQUIRE(kernel);
  CHECK(state.maxDynamicShared == 100000);
  CHECK(state.liveStreams == 0);

  int calls = state.calls;
  float lse[1];
  int stream;
  REQUIRE((*kernel)(at(), at(128), at(128), at(), lse, &stream));
  CHECK(state.calls == calls);
  REQUIRE(state.launches.size() == 1);
  const FakeDriverState::Launch &launch = state.launches[0];
  CHECK(launch.grid[0] == 2 * 4 * 16);
  CHECK(launch.grid[1] * launch.grid[2] == 1);
  CHECK(launch.block[0] == 128);
  CHECK(launch.block[1] * launch.block[2] == 1);
  CHECK(launch.sharedBytes == 100000);
  CHECK(static_cast<void *>(launch.stream) == &stream);

  const KernelArguments &arguments = launch.arguments;
  CHECK(arguments.q.data == memory);
  CHECK(arguments.q.tokenStride == 256);
  CHECK(arguments.k.tokenStride == 128);
  CHECK(arguments.o.headStride == 64);
  CHECK(arguments.o.batchStride == 1 << 20);
  CHECK(arguments.lse == lse);
  CHECK(arguments.lseHeadStride == 1000);
  CHECK(arguments.lseBatchStride == 4000);
  CHECK(arguments.queryLength == 1000);
  CHECK(arguments.keyLength == 1000);
  CHECK(arguments.scale == 0.125f);
  CHECK(arguments.softcap == 0);
  CHECK(arguments.headsPerKvHead == 2);
  CHECK(arguments.heads == 4);
  CHECK(arguments.workCount == launch.grid[0]);
  // The fake's memory is the host's, so the uploaded plan can be read.
  const Plan &plan = kernel->plan();
  CHECK(std::memcmp(arguments.work, plan.work.data(), plan.work.size() * sizeof(WorkItem)) == 0);
  CHECK(std::equal(plan.stages.begin(), plan.stages.end(), arguments.stages));
  CHECK(std::equal(plan.constants.begin(), plan.constants.end(), arguments.constants));
  CHECK(static_cast<const void *>(arguments.work) != plan.work.data());
  CHECK(kernel->workspaceBytes() >= plan.bytes());
  CHECK(state.liveAllocations == 1);
}

TEST_CASE("code is loaded once for each content, and all is given back") {
  {
    Device device = gpu();
    FakeDriverState &state = driver();
    int loads = state.moduleLoads;
    Problem problem = causal(100);
    auto image = sampleImage(problem, Image::Kind::Cubin, "sm_80");
    image->target = "sm_90";
    auto same = std::make_shared<Image>(*image), other = std::make_shared<Image>(*image);
    other->bytes.push_back('x');
    Result<Kernel> first = Kernel::load(image, problem, device);
    Result<Kernel> second = Kernel::load(same, causal(200), device);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(state.moduleLoads == loads + 1);
    Result<Kernel> replanned = first->replan(causal(300));
    REQUIRE(replanned);
    CHECK(state.moduleLoads == loads + 1);
    Result<Kernel> third = Kernel::load(other, problem, device);
    REQUIRE(third);
    CHECK(state.moduleLoads == loads + 2);
    CHECK(state.liveModules == 2);
    CHECK(state.liveAllocations == 4);
    CHECK(state.contexts == 1);
  }
  FakeDriverState &state = driver();
  CHECK(state.liveModules == 0);
  CHECK(state.liveAllocations == 0);
  CHECK(state.contexts == 0);
}

TEST_CASE("code for another architecture is refused with both names") {
  Problem problem = causal(100);
  Error error = refusal(sampleImage(problem, Image::Kind::Cubin, "sm_80"), problem);
  CHECK(error.code == ErrorCode::Unsupported);
  CHECK(error.text() == "the image is for sm_80, and GPU 0 (Fake H100) is sm_90; compile it for "
                        "sm_90");
  CHECK(refusal(sampleImage(problem, Image::Kind::Ptx, "sm_120"), problem).message ==
        "the image is for sm_120, and GPU 0 (Fake H100) is sm_90");

  CHECK(runsOn("sm_80", Image::Kind::Cubin, 86));
  CHECK_FALSE(runsOn("sm_86", Image::Kind::Cubin, 80));
  CHECK_FALSE(runsOn("sm_80", Image::Kind::Cubin, 90));
  CHECK(runsOn("sm_80", Image::Kind::Ptx, 120));
  CHECK(runsOn("sm_90a", Image::Kind::Cubin, 90));
  CHECK_FALSE(runsOn("sm_90a", Image::Kind::Cubin, 89));
  CHECK_FALSE(runsOn("sm_90a", Image::Kind::Cubin, 100));
  CHECK(runsOn("sm_90a", Image::Kind::Ptx, 90));
  CHECK_FALSE(runsOn("sm_90a", Image::Kind::Ptx, 100));
  CHECK_FALSE(runsOn("sm_90b", Image::Kind::Cubin, 90));
  CHECK_FALSE(runsOn("cpu", Image::Kind::Cubin, 90));
}

TEST_CASE("too much shared memory is refused before loading") {
  Problem problem = causal(100);
  auto image = sampleImage(problem, Image::Kind::Cubin, "sm_90");
  image->sharedBytes = 232449;
  CHECK(refusal(image, problem).message ==
        "the image needs 232449 bytes of shared memory, and a block on GPU 0 (Fake H100) may have "
        "232448");
}

TEST_CASE("what the driver refuses is one sentence") {
  Device device = gpu();
  FakeDriverState &state = driver();
  Problem problem = causal(100);
  auto cubin = sampleImage(problem, Image::Kind::Cubin, "sm_90");
  auto ptx = sampleImage(problem, Image::Kind::Ptx, "sm_80");

  state.loadStatus = cuda::unsupportedPtxVersion;
  Error error = refusal(ptx, problem);
  CHECK(error.code == ErrorCode::CompileFailed);
  CHECK(error.text() ==
        "cannot compile the image's PTX in the driver: the PTX is newer than this driver, which is "
        "for CUDA 12.4, understands; install ptxas so that a cubin is made, or a driver newer than "
        "CUDA 12.4");

  state.loadStatus = cuda::invalidPtx;
  state.loadLog = "ptxas application ptx input, line 7; fatal\n: Parsing error\n";
  CHECK(refusal(ptx, problem).message ==
        "cannot compile the image's PTX in the driver: the fake driver said so (CUDA_ERROR_FAKE, "
        "218): ptxas application ptx input, line 7; fatal : Parsing error");

  state.loadLog.clear();
  state.loadStatus = cuda::noBinaryForGpu;
  error = refusal(cubin, problem);
  CHECK(error.code == ErrorCode::Unsupported);
  CHECK(error.message == "cannot load the image for sm_90 on GPU 0 (Fake H100, sm_90): the fake "
                         "driver said so (CUDA_ERROR_FAKE, 209)");

  state.loadStatus = cuda::success;
  state.localBytes = 48;
  error = refusal(ptx, problem);
  CHECK(error.code == ErrorCode::CompileFailed);
  CHECK(error.message == "the driver's compiler put 48 bytes of each thread of 'attention' in "
                         "local memory");
  state.localBytes = 0;

  state.allocateStatus = cuda::outOfMemory;
  error = refusal(cubin, problem);
  CHECK(error.code == ErrorCode::Unsupported);
  CHECK(error.message.find(" bytes on GPU 0: the GPU is out of memory (5 of 81920 MiB are free)") !=
        std::string::npos);
  state.allocateStatus = cuda::success;

  cubin->entry = "missing";
  CHECK(refusal(cubin, problem).message == "the image has no function 'missing'");
  CHECK(state.liveModules == 0);
  CHECK(state.liveAllocations == 0);
}

TEST_CASE("a failed launch says so, and when the context is lost") {
  Device device = gpu();
  FakeDriverState &state = driver();
  Problem problem = causal(100);
  Result<Kernel> kernel =
      Kernel::load(sampleImage(problem, Image::Kind::Cubin, "sm_90"), problem, device);
  REQUIRE(kernel);
  state.launchStatus = cuda::illegalAddress;
  Status status = (*kernel)(at(), at(128), at(128), at());
  REQUIRE_FALSE(status);
  CHECK(
      status.error().text() ==
      "cannot launch 'attention': the fake driver said so (CUDA_ERROR_FAKE, 700); the GPU context "
      "of this process is lost: start a new process");
}

TEST_CASE("tensors must be aligned to 16 bytes, and strides too") {
  Device device = gpu();
  FakeDriverState &state = driver();
  Problem problem = causal(100);
  Result<Kernel> kernel =
      Kernel::load(sampleImage(problem, Image::Kind::Cubin, "sm_90"), problem, device);
  REQUIRE(kernel);
  auto text = [&](TensorView q, TensorView k) {
    Status status = (*kernel)(q, k, at(128), at());
    REQUIRE_FALSE(status);
    return status.error().text();
  };
  CHECK(text(at(), at(132)) ==
        "tokenStride of tensor k is 132 elements, which is not a multiple of 16 bytes; use a "
        "multiple of 8 elements");
  CHECK(
      text(at(256, 4), at(128)) ==
      "tensor q begins at an address that is not a multiple of 16 bytes; start it 12 bytes later, "
      "or copy it");
  CHECK(state.launches.empty());

  // The stride of an axis of length 1 is never used.
  Problem one = attention(Layout::sequence(1), {.headDim = 64});
  Result<Kernel> single = Kernel::load(sampleImage(one, Image::Kind::Cubin, "sm_90"), one, device);
  REQUIRE(single);
  TensorView odd{memory, 3, 5, 7};
  CHECK((*single)(odd, odd, odd, odd));
}

namespace {

/// A kernel of gathered stages: five tensor maps follow its arguments.
Result<Kernel> gatheredKernel(const Problem &problem, int gather = 16) {
  auto image = sampleImage(problem, Image::Kind::Cubin, "sm_90a");
  image->schedule.tileQ = 192;
  image->schedule.tileK = 64;
  image->schedule.gather = gather;
  image->planFormat = 2;
  image->sharedBytes = 232448;
  return Kernel::load(image, problem, gpu());
}

Problem sparse(int64_t queries, int64_t keys, AttentionShape shape) {
  return attention(Layout::sequence(queries), Layout::sequence(keys), shape);
}

} // namespace

TEST_CASE("a kernel of gathered stages takes five tensor maps after its arguments") {
  Device device = gpu();
  FakeDriverState &state = driver();
  state.parameters = 6;
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
  CHECK(launch.tensorMaps == std::vector<size_t>{0, 1, 2, 3, 4});

  using Long = std::vector<uint64_t>;
  void *const data[] = {queries, keys, values, keys, values};
  const uint32_t rows[] = {192, 64, 64, 16, 16};
  const Long strides[] = {
      {768, 192, 768'000}, {384, uint64_t{6} << 32, 16}, {400, 208, uint64_t{10} << 32}};
  for (size_t i = 0; i < 5; ++i) {
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
  state.parameters = 6;
  Problem problem = causal(100);
  Result<Kernel> kernel = gatheredKernel(problem);
  REQUIRE(kernel);
  REQUIRE((*kernel)(at(), at(128), at(128), at()));
  REQUIRE((*kernel)(at(), at(128), at(128), at(256, 16))); // another output
  CHECK(state.tensorMaps.size() == 5);
  CHECK(state.launches[1].tensorMaps == state.launches[0].tensorMaps);
  REQUIRE((*kernel)(at(), at(128), at(136), at()));
  CHECK(state.tensorMaps.size() == 10);
  REQUIRE((*kernel)(at(256, 16), at(128), at(136), at()));
  CHECK(state.tensorMaps.size() == 15);
  TensorView key = at(128);
  key.batchStride += 8;
  REQUIRE((*kernel)(at(256, 16), key, at(136), at()));
  REQUIRE((*kernel)(at(256, 16), key, at(136), at()));
  CHECK(state.tensorMaps.size() == 20);

  // A new length has maps of its own.
  Result<Kernel> longer = kernel->replan(causal(200));
  REQUIRE(longer);
  REQUIRE((*longer)(at(256, 16), key, at(136), at()));
  REQUIRE(state.tensorMaps.size() == 25);
  CHECK(state.tensorMaps[20].dimensions[1] == 200);
}

TEST_CASE("launches from several threads each get the maps of their tensors") {
  Device device = gpu();
  FakeDriverState &state = driver();
  state.parameters = 6;
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
  image->planFormat = 4;
  CHECK(refusal(image, problem).text() ==
        "the image takes plans of format 4, and this library makes formats 1 to 3; compile it "
        "again with this version");
  CHECK(state.moduleLoads == loads);
}

TEST_CASE("a stream is made, timed and given back") {
  Device device = gpu();
  FakeDriverState &state = driver();
  {
    Result<Stream> stream = Stream::create(device);
    REQUIRE(stream);
    CHECK(state.liveStreams == 1);
    REQUIRE(stream->start());
    REQUIRE(stream->stop());
    Result<double> milliseconds = stream->elapsedMilliseconds();
    REQUIRE(milliseconds);
    CHECK(*milliseconds == 2.5);
  }
  CHECK(state.liveStreams == 0);
  CHECK_FALSE(Stream::create(Device::cpu()));
}

TEST_CASE("a device copies, fills and says where it has no memory") {
  Device device = gpu();
  Result<void *> memory = device.allocate(8);
  REQUIRE(memory);
  char back[8];
  REQUIRE(device.fill(*memory, 7, 8));
  REQUIRE(device.upload(*memory, "abcd", 4));
  REQUIRE(device.download(back, *memory, 8));
  CHECK(std::memcmp(back, "abcd\7\7\7\7", 8) == 0);
  device.release(*memory);
  CHECK(driver().liveAllocations == 0);
  CHECK_FALSE(Device::cpu().allocate(8));
  CHECK_FALSE(Device::cpu().upload(back, back, 8));
  CHECK(Device::cpu().synchronize());
  CHECK(Device::current().isGpu());
  CHECK(Device::cpu().computeCapability() == 0);
}
