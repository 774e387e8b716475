// bench_attention [--target NAME] [--matrix-tflops RATE] [Google Benchmark's options]: each pattern
// of the library on each size, dense first, so that the others know their speed-up over it in the
// same run. On a GPU the sizes are published models' at their usual and at four times that length,
// timed by events; on the CPU two small clips.
#include "autotune/DeviceFacts.h"
#include "autotune/GpuSensors.h"
#include "bench/SustainedTime.h"
#include "cli/Console.h"
#include "cli/Execution.h"
#include "dsl/Elements.h"
#include "kernels/PatternOptions.h"
#include "kernels/Presets.h"
#include "runtime/Stream.h"

#include <benchmark/benchmark.h>

#include <map>
#include <random>

using namespace halftone;
using namespace halftone::bench;

namespace {

/// A pattern by name, with the options that the benchmark's name says.
struct Case {
  const char *label;
  const char *pattern;
  PatternOptions options;
};

std::vector<Case> casesOf(const Layout &clip) {
  PatternOptions plain, reference, temporal;
  temporal.window = clip.tokensPerFrame() / 8;
  reference.rounding = PatternRounding::Reference;
  auto decayed = [](PatternOptions options, double decay) {
    options.decay = decay;
    return options;
  };
  return {{"dense", "dense", plain},
          {"causal", "causal", plain},
          {"window", "window", plain},
          {"tile-window", "tile-window", plain},
          {"spatial", "spatial", plain},
          {"temporal", "temporal", temporal},
          {"radial/decay:0.2", "radial", decayed(plain, 0.2)},
          {"radial/decay:1", "radial", decayed(plain, 1)},
          {"radial:reference/decay:0.2", "radial", decayed(reference, 0.2)},
          {"radial:reference/decay:0.5", "radial", decayed(reference, 0.5)},
          {"radial:reference/decay:1", "radial", decayed(reference, 1)}};
}

/// Where the patterns run: sizes, and on which tensors.
struct Size {
  std::string name;
  Layout layout;
  AttentionShape shape;
};

/// Documents of a few lengths, `tokens` in all.
Layout documentsOf(int64_t tokens) {
  std::vector<int64_t> lengths;
  for (int64_t left = tokens, i = 0; left > 0; ++i) {
    lengths.push_back(std::min(left, tokens / 32 * (1 + i * 5 % 7)));
    left -= lengths.back();
  }
  return Layout::packed(lengths);
}

std::vector<Size> cpuSizes() {
  AttentionShape shape{.heads = 4, .headDim = 64, .element = Element::F32};
  std::vector<Size> sizes;
  for (int64_t frames : {8, 32})
    sizes.push_back({"clip " + std::to_string(frames) + "x16x16",
                     Layout::video({.frames = frames, .height = 16, .width = 16}), shape});
  return sizes;
}

std::vector<Size> gpuSizes() {
  // Heads are left out where the clip is long: their number scales time and nothing else.
  constexpr std::pair<const char *, int64_t> presets[] = {
      {"wan2.1-14b:1280x768x69", 40},     {"wan2.1-14b:1280x768x273", 4},
      {"wan2.1-1.3b:832x480x81", 12},     {"wan2.1-1.3b:832x480x321", 12},
      {"hunyuan-video:1280x720x117", 24}, {"hunyuan-video:1280x720x509", 2},
      {"mochi-1:848x480x163", 24},        {"mochi-1:848x480x649", 4}};
  std::vector<Size> sizes;
  for (auto [name, heads] : presets) {
    Result<Preset> known = preset(name);
    if (!known)
      continue;
    known->shape.heads = known->shape.kvHeads = heads;
    sizes.push_back({name, known->layout, known->shape});
  }
  return sizes;
}

/// The tensors of the size at hand; only one size's fit into memory at a time.
class Tensors {
public:
  static Result<const Tensors *> of(const Size &size, const Device &device) {
    static std::unique_ptr<Tensors> current;
    static std::string name;
    if (current && name == size.name)
      return current.get();
    current.reset();
    name = size.name;
    auto made = std::make_unique<Tensors>();
    if (device.isGpu()) {
      Result<BenchTensors> onDevice =
          BenchTensors::make(attention(size.layout, size.shape), device);
      if (!onDevice)
        return onDevice.error();
      made->onDevice.emplace(std::move(*onDevice));
    } else {
      made->fill(size);
    }
    current = std::move(made);
    return current.get();
  }

  const BenchTensors &device() const { return *onDevice; }
  Status launch(const Kernel &kernel, void *stream) const {
    if (onDevice)
      return onDevice->launch(kernel, stream);
    auto view = [&](const std::vector<char> &bytes) {
      return packedTokenMajor(const_cast<char *>(bytes.data()), tokens, heads, headDim);
    };
    return kernel(view(host[0]), view(host[1]), view(host[2]), view(host[3]));
  }

private:
  void fill(const Size &size) {
    tokens = size.layout.tokenCount();
    heads = size.shape.heads;
    headDim = size.shape.headDim;
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (std::vector<char> &bytes : host) {
      size_t elements = size_t(tokens * heads * headDim);
      bytes.resize(elements * size_t(elementBytes(size.shape.element)));
      for (size_t i = 0; i < elements; ++i)
        storeElement(size.shape.element, bytes.data(), i, normal(random));
    }
  }

  std::optional<BenchTensors> onDevice;
  std::array<std::vector<char>, 4> host;
  int64_t tokens = 0, heads = 0, headDim = 0;
};

/// One launch as the benchmark's iteration: by events on a GPU, by the clock on the CPU.
Status runLaunches(benchmark::State &state, const Kernel &kernel, const Tensors &tensors,
                   const Device &device, double &milliseconds) {
  std::optional<Stream> stream;
  if (device.isGpu()) {
    Result<Stream> made = Stream::create(device);
    if (!made)
      return made.error();
    stream.emplace(std::move(*made));
    // Clocks settle, and the first launch's loading is over.
    if (Result<Timing> warm = sustainedTime(kernel, tensors.device(), device, {0.2, 0}); !warm)
      return warm.error();
  }
  double seconds = 0;
  int64_t launches = 0;
  for (auto _ : state) {
    double elapsed = 0;
    if (stream) {
      Status status = stream->start();
      if (status)
        status = tensors.launch(kernel, stream->handle());
      if (status)
        status = stream->stop();
      Result<double> timed =
          status ? stream->elapsedMilliseconds() : Result<double>(status.error());
      if (!timed)
        return timed.error();
      elapsed = *timed / 1000;
    } else {
      auto start = std::chrono::steady_clock::now();
      if (Status status = tensors.launch(kernel, nullptr); !status)
        return status;
      elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    state.SetIterationTime(elapsed);
    seconds += elapsed;
    ++launches;
  }
  milliseconds = 1000 * seconds / double(std::max<int64_t>(launches, 1));
  return {};
}

/// Milliseconds of dense, by size.
std::map<std::string, double> denseTimes;

/// What a plain matrix product of this machine reaches, in TFLOP/s; 0: not told.
double matrixRate = 0;

/// Clock and power while it is still hot, where they can be read.
void readSensors(benchmark::State &state, const Device &device) {
  static const GpuSensors sensors(machineFacts(device).identity);
  if (double megahertz = sensors.megahertz(); megahertz > 0)
    state.counters["MHz"] = megahertz;
  if (double watts = sensors.watts(); watts > 0)
    state.counters["watts"] = watts;
}

Status runCase(benchmark::State &state, const Case &which, const Size &size,
               const cli::Place &place) {
  Result<Pattern> pattern = patternByName(which.pattern, which.options, size.layout);
  if (!pattern)
    return pattern.error();
  Problem problem = attention(size.layout, size.shape).where(*pattern);
  if (Status valid = problem.check(); !valid)
    return valid;
  Result<cli::Ready> ready =
      cli::prepare(problem, defaultSchedule(problem, place.target), place, {});
  if (!ready)
    return ready.error();
  Result<const Tensors *> tensors = Tensors::of(size, place.device);
  if (!tensors)
    return tensors.error();
  double milliseconds = 0;
  if (Status status = runLaunches(state, ready->kernel, **tensors, place.device, milliseconds);
      !status)
    return status;

  if (place.device.isGpu())
    readSensors(state, place.device);
  const Plan &plan = ready->kernel.plan();
  const AttentionShape &shape = size.shape;
  double tokens = double(size.layout.tokenCount());
  double pairs = double(shape.heads) * tokens * tokens;
  if (std::string_view(which.pattern) == "dense")
    denseTimes[size.name] = milliseconds;
  state.counters["kept"] = double(plan.keptPairs) / pairs;
  state.counters["covered"] = double(plan.coveredPairs) / pairs;
  double rate = cli::teraflops(plan.keptPairs, shape.headDim, milliseconds);
  state.counters["keptTflops"] = rate;
  if (matrixRate > 0)
    state.counters["overMatrixProduct"] = rate / matrixRate;
  state.counters["bytes"] = 4 * double(shape.heads) * tokens * double(shape.headDim) *
                            double(elementBytes(shape.element));
  state.counters["planBytes"] = double(plan.bytes());
  state.counters["compileMs"] = ready->compileMs;
  if (auto dense = denseTimes.find(size.name); dense != denseTimes.end())
    state.counters["overDense"] = dense->second / milliseconds;
  state.SetLabel(ready->kernel.image().schedule.text());
  return {};
}

void add(const Case &which, const Size &size, const cli::Place &place) {
  std::string name = size.name + "/" + which.label;
  benchmark::RegisterBenchmark(name.c_str(),
                               [which, size, place](benchmark::State &state) {
                                 if (Status status = runCase(state, which, size, place); !status)
                                   state.SkipWithError(status.error().text().c_str());
                               })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

} // namespace

int main(int count, char **arguments) {
  benchmark::Initialize(&count, arguments);
  CLI::App app("Each pattern of the library on each size.", "bench_attention");
  std::string targetName;
  cli::addTarget(app, targetName);
  app.add_option("--matrix-tflops", matrixRate,
                 "What a matrix product of 8192^3 reaches here, as bench/peers/compare.py measures "
                 "it: rates are also given as a share of that")
      ->check(CLI::Range(1.0, 1e6));
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) ? int(ErrorCode::Misuse) : 0;
  }
  Result<cli::Place> place = cli::choosePlace(targetName, 0);
  if (!place)
    return cli::Console("bench_attention").fail(place.error());
  for (const Size &size : place->device.isGpu() ? gpuSizes() : cpuSizes()) {
    for (const Case &which : casesOf(size.layout))
      add(which, size, *place);
    Size packed = size;
    packed.layout = documentsOf(size.layout.tokenCount());
    add({"documents", "documents", {}}, packed, *place);
  }
  benchmark::AddCustomContext("halftone_target", place->target.name);
  benchmark::AddCustomContext("halftone_device", place->device.name());
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
