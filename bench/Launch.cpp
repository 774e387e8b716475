// bench_launch: what a kernel costs that was made before.
//
// "memory" is a second build() or tuned() of a problem: the same object ("held"), or one whose
// pattern is built again each time ("rebuilt", that time counted too; "rebuild" is that alone), for
// the radial mask of a clip of Wan 2.1 and for one of 40 heads with a pattern each. "disk" is the
// code of a problem in a process that has not used it yet, with the version of ptxas known, from
// the file to an image; without a file of its own it would compile. "cpu" is a launch of almost no
// work, on one thread and on all. "gpu" is a launch on a stream of its own, beside the driver's own
// call for an empty kernel with the same parameters.
#include "bench/Benchmarks.h"
#include "codegen/Compile.h"
#include "kernels/KernelCache.h"
#include "kernels/Presets.h"
#include "kernels/Tuned.h"
#include "kernels/patterns/Radial.h"
#include "runtime/DeviceProperties.h"
#include "runtime/LoadedImage.h"
#include "runtime/Stream.h"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdlib.h>

using namespace halftone;

namespace {

using Clock = std::chrono::steady_clock;

enum class Kept { Radial, RadialByHead };

Problem problemOf(Kept kept, Element element = Element::F32, bool rounded = false) {
  static const Preset clip = *preset("wan2.1-14b:832x480x17");
  AttentionShape shape = clip.shape;
  shape.element = element;
  auto radial = [&](double decay) {
    patterns::RadialOptions options{.decay = decay, .sink = true, .block = 128};
    return rounded ? patterns::radialReference(options) : patterns::radial(clip.layout, options);
  };
  if (kept == Kept::Radial)
    return attention(clip.layout, shape).where(radial(0.2));
  std::vector<Pattern> patterns;
  for (int64_t head = 0; head < shape.heads; ++head)
    patterns.push_back(radial(0.1 + 0.01 * double(head)));
  return attention(clip.layout, shape).where(perHead(patterns));
}

KernelCache &memory() {
  // Never destroyed: at exit the driver may be gone.
  static auto *const cache = new KernelCache({.location = {}});
  return *cache;
}

void held(benchmark::State &state, Kept kept, bool isTuned) {
  Problem problem = problemOf(kept);
  Device device = Device::cpu();
  auto ask = [&] {
    return isTuned ? memory().tuned(problem, device) : memory().build(problem, device);
  };
  if (auto first = ask(); !first)
    return state.SkipWithError(first.error().text().c_str());
  for (auto _ : state) {
    auto made = ask();
    benchmark::DoNotOptimize(made);
  }
  state.counters["nodes"] = double(problem.pattern().node()->size);
}

void rebuilt(benchmark::State &state, Kept kept, bool asks) {
  Device device = Device::cpu();
  if (auto first = memory().build(problemOf(kept), device); !first)
    return state.SkipWithError(first.error().text().c_str());
  for (auto _ : state) {
    Problem problem = problemOf(kept);
    if (asks) {
      auto made = memory().build(problem, device);
      benchmark::DoNotOptimize(made);
    }
    benchmark::DoNotOptimize(problem);
  }
}

/// tuned() as a program calls it, with the cache of the process and its device.
void freeFunction(benchmark::State &state) {
  Problem problem = problemOf(Kept::Radial);
  if (auto first = tuned(problem, Device::cpu()); !first)
    return state.SkipWithError(first.error().text().c_str());
  for (auto _ : state) {
    auto made = tuned(problem, Device::cpu());
    benchmark::DoNotOptimize(made);
  }
}

class TemporaryFolder {
public:
  TemporaryFolder() {
    path = (std::filesystem::temp_directory_path() / "halftone-bench-XXXXXX").string();
    if (!::mkdtemp(path.data()))
      path.clear();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  std::string path;
};

void disk(benchmark::State &state, const char *name, bool rounded) {
  TemporaryFolder folder;
  Target target = *Target::parse(name);
  Problem problem = problemOf(Kept::Radial, Element::BF16, rounded);
  Schedule schedule = defaultSchedule(problem, target);
  int compilations = 0;
  KernelCache::Options options{
      .location = {.userFolder = folder.path},
      .onCompile = [&](const Target &, const Schedule &) { ++compilations; }};
  if (auto image = KernelCache(options).image(problem, schedule, target); !image)
    return state.SkipWithError(image.error().text().c_str());
  size_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    KernelCache fresh(options);
    state.ResumeTiming();
    auto image = fresh.image(problem, schedule, target);
    if (!image)
      return state.SkipWithError(image.error().text().c_str());
    state.PauseTiming();
    bytes = (*image)->bytes.size();
    state.ResumeTiming();
  }
  state.counters["bytes"] = double(bytes);
  if (compilations != 1)
    state.SkipWithError("it was compiled again: the image was not kept");
}

void cpuLaunch(benchmark::State &state, unsigned threads) {
  Layout line = Layout::sequence(16);
  Problem problem = attention(line, {.headDim = 8, .element = Element::F32});
  Target target = Target::cpu();
  Result<Compiled> code = compile(problem, defaultSchedule(problem, target), target);
  if (!code)
    return state.SkipWithError(code.error().text().c_str());
  Result<Kernel> kernel =
      Kernel::onCpu(code->image, problem, code->cpuEntry, code->keepAlive, threads);
  if (!kernel)
    return state.SkipWithError(kernel.error().text().c_str());
  std::vector<float> q(16 * 8), k = q, v = q, o = q;
  auto view = [](std::vector<float> &data) { return packedTokenMajor(data.data(), 16, 1, 8); };
  for (auto _ : state)
    if (Status status = (*kernel)(view(q), view(k), view(v), view(o)); !status)
      return state.SkipWithError(status.error().text().c_str());
}

/// Launches that the stream has taken are waited for after this many, outside of what is timed: a
/// full queue would be timed otherwise.
constexpr int launchesOfBatch = 200;

template <typename Launch>
void timeLaunches(benchmark::State &state, const Stream &stream, Launch launch) {
  for (auto _ : state) {
    auto start = Clock::now();
    for (int i = 0; i < launchesOfBatch; ++i)
      if (Status status = launch(); !status)
        return state.SkipWithError(status.error().text().c_str());
    std::chrono::duration<double> taken = Clock::now() - start;
    state.SetIterationTime(taken.count());
    if (Status status = stream.synchronize(); !status)
      return state.SkipWithError(status.error().text().c_str());
  }
  // The time of an iteration is a batch's: by one launch's, the library would ask for far too many.
  state.counters["launch"] = benchmark::Counter(
      launchesOfBatch, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void gpuLaunch(benchmark::State &state, const char *name) {
  Result<Device> device = Device::gpu();
  if (!device)
    return state.SkipWithError(device.error().text().c_str());
  Target target = *Target::parse(name);
  Problem problem = attention(Layout::sequence(128), {.headDim = 64});
  auto made = memory().build(problem, defaultSchedule(problem, target), target, *device);
  if (!made)
    return state.SkipWithError(made.error().text().c_str());
  Result<Stream> stream = Stream::create(*device);
  Result<void *> data = device->allocate(size_t(4) * 128 * 64 * 2);
  if (!stream || !data)
    return state.SkipWithError((stream ? data.error() : stream.error()).text().c_str());
  auto view = [&](int tensor) {
    return packedTokenMajor(static_cast<char *>(*data) + tensor * 128 * 64 * 2, 128, 1, 64);
  };
  TensorView q = view(0), k = view(1), v = view(2), o = view(3);
  const Kernel &kernel = (*made)->kernel;
  timeLaunches(state, *stream, [&] { return kernel(q, k, v, o, nullptr, stream->handle()); });
  device->release(*data);
}

/// An empty kernel with the parameters of ours: the arguments, and five tensor maps where the
/// target takes them.
std::string emptyKernel(bool tensorMaps) {
  std::string parameters = ".param .align 64 .b8 p0[256]";
  for (int i = 1; tensorMaps && i < 6; ++i)
    parameters += ", .param .align 64 .b8 p" + std::to_string(i) + "[128]";
  return ".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry empty(" + parameters +
         ") { ret; }\n";
}

void gpuBareCall(benchmark::State &state, bool tensorMaps) {
  Result<Device> device = Device::gpu();
  if (!device)
    return state.SkipWithError(device.error().text().c_str());
  Image image;
  image.kind = Image::Kind::Ptx;
  image.target = "sm_80";
  image.entry = "empty";
  std::string code = emptyKernel(tensorMaps);
  image.bytes.assign(code.begin(), code.end());
  auto loaded = LoadedImage::load(std::make_shared<const Image>(std::move(image)), *device);
  Result<Stream> stream = Stream::create(*device);
  if (!stream || !loaded)
    return state.SkipWithError((stream ? loaded.error() : stream.error()).text().c_str());
  const Driver &driver = *device->details()->driver;
  ContextScope scope(driver, device->details()->context);
  alignas(64) unsigned char arguments[256] = {}, maps[5][128] = {};
  void *parameters[6] = {arguments, maps[0], maps[1], maps[2], maps[3], maps[4]};
  auto handle = static_cast<cuda::Stream>(stream->handle());
  timeLaunches(state, *stream, [&] {
    return driver.check(driver.launchKernel((*loaded)->function(), 1, 1, 1, 384, 1, 1, 0, handle,
                                            parameters, nullptr),
                        "launch the empty kernel");
  });
}

} // namespace

void halftone::bench::addBenchmarks() {
  using benchmark::RegisterBenchmark;
  RegisterBenchmark("memory/build/radial/held", held, Kept::Radial, false);
  RegisterBenchmark("memory/tuned/radial/held", held, Kept::Radial, true);
  RegisterBenchmark("memory/tuned/radial/process", freeFunction);
  RegisterBenchmark("memory/build/radial/rebuilt", rebuilt, Kept::Radial, true);
  RegisterBenchmark("memory/build/radial/rebuild", rebuilt, Kept::Radial, false);
  RegisterBenchmark("memory/build/40-patterns/held", held, Kept::RadialByHead, false);
  for (const char *target : {"sm_90a", "sm_80"}) {
    RegisterBenchmark(("disk/" + std::string(target) + "/radial").c_str(), disk, target, false)
        ->Unit(benchmark::kMicrosecond);
    RegisterBenchmark(("disk/" + std::string(target) + "/reference").c_str(), disk, target, true)
        ->Unit(benchmark::kMicrosecond);
  }
  RegisterBenchmark("cpu/one-thread", cpuLaunch, 1)->UseRealTime();
  RegisterBenchmark("cpu/all-threads", cpuLaunch, 0)->UseRealTime();
  if (Result<Device> device = Device::gpu(); !device) {
    std::fprintf(stderr, "gpu: skipped: %s\n", device.error().text().c_str());
    return;
  }
  for (const char *target : {"sm_90a", "sm_80"})
    RegisterBenchmark(("gpu/" + std::string(target)).c_str(), gpuLaunch, target)->UseManualTime();
  RegisterBenchmark("gpu/bare/6-parameters", gpuBareCall, true)->UseManualTime();
  RegisterBenchmark("gpu/bare/1-parameter", gpuBareCall, false)->UseManualTime();
}
