// bench_compile: what it costs to get from a pattern to code, for the radial mask of a clip of Wan
// 2.1 (bf16, heads of 128; f32 for the CPU).
//
// "cold" is the whole of it for the first kernel of a process, in a process of its own each time:
// the problem is built, checked and compiled, by ptxas where there is one. "stages" is the same in
// a process that compiled before, and says in counters where the time goes. Loading is measured
// where a GPU runs the code. Counters are milliseconds of the processor, those of ptxas included:
// on an idle machine the same as those of the clock, since one thing follows the other.
#include "codegen/Compile.h"
#include "bench/Benchmarks.h"
#include "codegen/Compilation.h"
#include "codegen/CpuJit.h"
#include "codegen/EmitPtx.h"
#include "codegen/Ptxas.h"
#include "kernels/Presets.h"
#include "kernels/patterns/Radial.h"
#include "runtime/LoadedImage.h"

#include <benchmark/benchmark.h>

#include <chrono>
#include <map>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace halftone;

namespace {

/// Of this process and of those that it waited for.
double processorMilliseconds() {
  double sum = 0;
  for (int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(who, &usage);
    for (const timeval &time : {usage.ru_utime, usage.ru_stime})
      sum += 1e3 * double(time.tv_sec) + 1e-3 * double(time.tv_usec);
  }
  return sum;
}

enum class Kept { Exact, Reference };

/// The clip's radial problem, built as a user builds it.
Problem problemFor(const Target &target, Kept kept) {
  Preset clip = *preset("wan2.1-14b:1280x720x81");
  AttentionShape shape = clip.shape;
  if (!target.isGpu())
    shape.element = Element::F32;
  patterns::RadialOptions options{.decay = 0.2, .sink = true, .block = 128};
  return attention(clip.layout, shape)
      .where(kept == Kept::Exact ? patterns::radial(clip.layout, options)
                                 : patterns::radialReference(options));
}

/// What a compilation took; seconds are less than 0 where it failed.
struct Taken {
  double seconds = -1, processorMs = 0;
};

Taken compileOnce(const Target &target, Kept kept) {
  auto start = std::chrono::steady_clock::now();
  double before = processorMilliseconds();
  Problem problem = problemFor(target, kept);
  Result<Compiled> compiled = compile(problem, defaultSchedule(problem, target), target);
  if (!compiled)
    return {};
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return {seconds.count(), processorMilliseconds() - before};
}

/// The same in a new process.
Taken compileApart(const Target &target, Kept kept) {
  int ends[2];
  if (::pipe(ends) != 0)
    return {};
  pid_t child = ::fork();
  if (child == 0) {
    Taken taken = compileOnce(target, kept);
    bool told = ::write(ends[1], &taken, sizeof(taken)) == ssize_t(sizeof(taken));
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  Taken taken;
  if (child > 0) {
    if (::read(ends[0], &taken, sizeof(taken)) != ssize_t(sizeof(taken)))
      taken = {};
    ::waitpid(child, nullptr, 0);
  }
  ::close(ends[0]);
  return taken;
}

void cold(benchmark::State &state, const char *name, Kept kept) {
  Target target = *Target::parse(name);
  double processorMs = 0;
  for (auto _ : state) {
    Taken taken = compileApart(target, kept);
    if (taken.seconds < 0)
      return state.SkipWithError("the compilation failed");
    state.SetIterationTime(taken.seconds);
    processorMs += taken.processorMs;
  }
  state.counters["cpu_ms"] = benchmark::Counter(processorMs, benchmark::Counter::kAvgIterations);
}

/// Runs the stages one by one and adds up what each takes.
class Stages {
public:
  Stages(benchmark::State &state, const Target &target, Kept kept)
      : state(state), target(target), kept(kept) {}

  Status run() {
    start = processorMilliseconds();
    Problem problem = problemFor(target, kept);
    Schedule schedule = defaultSchedule(problem, target);
    done("problem_ms");
    CompileOptions options;
    Compilation compilation(problem, schedule, target, options);
    done("context_ms");
    if (Status status = compilation.import(); !status)
      return status;
    done("import_ms");
    if (Status status = compilation.tile(); !status)
      return status;
    done("ht_ms");
    if (target.isGpu()) {
      bool hop = target.kind == Target::Kind::Hop;
      if (Status status = hop ? compilation.toHop() : compilation.toMma(); !status)
        return status;
      done(hop ? "hop_ms" : "mma_ms");
    }
    if (Status status = compilation.toLlvm(); !status)
      return status;
    done("llvm_ms");
    return target.isGpu() ? assembleAndLoad(compilation) : link(compilation);
  }

  void report() {
    for (const auto &[stage, sum] : sums)
      state.counters[stage] = benchmark::Counter(sum, benchmark::Counter::kAvgIterations);
  }

private:
  void done(const char *stage) {
    double now = processorMilliseconds();
    sums[stage] += now - start;
    sums["cpu_ms"] += now - start;
    start = now;
  }

  Status link(Compilation &compilation) {
    Result<CpuCode> code = jitCpu(compilation.module(), CompileOptions().entry);
    if (!code)
      return code.error();
    done("object_ms");
    return {};
  }

  Status assembleAndLoad(Compilation &compilation) {
    Result<std::string> ptx = emitPtx(compilation.module(), target);
    if (!ptx)
      return ptx.error();
    done("ptx_ms");
    Image image;
    image.target = target.name;
    image.entry = CompileOptions().entry;
    image.sharedBytes = compilation.kernelNumber("ht.shared_bytes");
    image.kind = Image::Kind::Ptx;
    image.bytes.assign(ptx->begin(), ptx->end());
    if (Result<std::string> ptxas = findPtxas()) {
      Result<Cubin> cubin = assemble(*ptx, target, *ptxas);
      if (!cubin)
        return cubin.error();
      done("ptxas_ms");
      image.kind = Image::Kind::Cubin;
      image.bytes = std::move(cubin->bytes);
    } else {
      state.SetLabel("no ptxas here");
    }
    Result<Device> device = Device::gpu();
    if (!device || !runsOn(image.target, image.kind, device->computeCapability()))
      return {};
    start = processorMilliseconds();
    auto loaded = LoadedImage::load(std::make_shared<const Image>(std::move(image)), *device);
    if (!loaded)
      return loaded.error();
    done("load_ms");
    return {};
  }

  benchmark::State &state;
  const Target &target;
  Kept kept;
  double start = 0;
  std::map<std::string, double> sums; ///< milliseconds
};

void stages(benchmark::State &state, const char *name, Kept kept) {
  Target target = *Target::parse(name);
  Stages stages(state, target, kept);
  for (auto _ : state)
    if (Status status = stages.run(); !status)
      return state.SkipWithError(status.error().text().c_str());
  stages.report();
}

} // namespace

void halftone::bench::addBenchmarks() {
  // Those of their own process first: this one has compiled nothing then.
  for (auto [name, run] : {std::pair{"cold", &cold}, std::pair{"stages", &stages}})
    for (const char *target : {"sm_90a", "sm_80", "cpu"})
      for (auto [form, kept] : {std::pair{"radial", Kept::Exact}, {"reference", Kept::Reference}}) {
        auto *added = benchmark::RegisterBenchmark(
            (std::string(name) + "/" + target + "/" + form).c_str(), run, target, kept);
        added->Unit(benchmark::kMillisecond)->Iterations(5);
        if (run == &cold)
          added->UseManualTime();
        else
          added->UseRealTime();
      }
}
