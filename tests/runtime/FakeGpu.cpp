// The GPU half of the runtime against the fake driver: what it asks of a driver, and when.

#include "FakeDevice.h"

#include "runtime/LoadedImage.h"
#include "runtime/Stream.h"

#include <cstring>
#include <thread>

using namespace halftone;
using namespace halftone::test;

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

TEST_CASE("code is loaded once a GPU, also where threads ask for it at once") {
  Device first = gpu();
  FakeDriverState &state = driver();
  state.gpus = 2;
  Result<Device> second = Device::gpu(1);
  state.gpus = 1;
  REQUIRE(second);
  CHECK(second->ordinal() == 1);
  int loads = state.moduleLoads;
  Problem problem = causal(100);
  auto image = sampleImage(problem, Image::Kind::Cubin, "sm_90");
  image->bytes.push_back('2');
  std::vector<std::shared_ptr<const LoadedImage>> loaded(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < loaded.size(); ++i)
    threads.emplace_back([&, i] {
      auto one = LoadedImage::load(image, i % 2 ? *second : first);
      loaded[i] = one ? *one : nullptr;
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(state.moduleLoads == loads + 2);
  for (size_t i = 0; i < loaded.size(); ++i) {
    REQUIRE(loaded[i] != nullptr);
    CHECK(loaded[i] == loaded[i % 2]);
    CHECK(loaded[i]->device().ordinal() == int(i % 2));
  }
  CHECK(Kernel::load(image, problem, *second));
  CHECK(state.moduleLoads == loads + 2);
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
