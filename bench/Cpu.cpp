// bench_cpu: our kernels on this machine's CPU, f32, 8,192 tokens, 4 heads of 64: dense, and radial
// with and without rounding to blocks, on clips of 8, 16 and 32 frames. Beside the time: the
// density of what is kept and of what is computed, and the speed at which it is. peers/cpu_sdpa.py
// runs it beside PyTorch.
#include "bench/Benchmarks.h"
#include "codegen/Compile.h"
#include "kernels/patterns/Radial.h"
#include "runtime/Kernel.h"

#include <benchmark/benchmark.h>

#include <random>

using namespace halftone;

namespace {

constexpr AttentionShape shape{.heads = 4, .headDim = 64, .element = Element::F32};
constexpr int64_t tokens = 8192;

enum class Kept { Dense, RadialExact, RadialReference };

Problem problemOf(Kept kept, int64_t frames) {
  Layout clip = Layout::video({.frames = frames, .height = 16, .width = tokens / frames / 16});
  Problem problem = attention(clip, shape);
  patterns::RadialOptions options{.decay = 0.2, .sink = true, .block = 64};
  if (kept == Kept::RadialExact)
    return problem.where(patterns::radial(clip, options));
  if (kept == Kept::RadialReference)
    return problem.where(patterns::radialReference(options));
  return problem;
}

Result<Kernel> kernelOf(const Problem &problem) {
  Target target = Target::cpu();
  Result<Compiled> code = compile(problem, defaultSchedule(problem, target), target);
  if (!code)
    return code.error();
  return Kernel::onCpu(code->image, problem, code->cpuEntry, code->keepAlive);
}

std::vector<float> normalNumbers() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(size_t(shape.heads * tokens * shape.headDim));
  for (float &number : numbers)
    number = normal(random);
  return numbers;
}

void run(benchmark::State &state, Kept kept) {
  Result<Kernel> kernel = kernelOf(problemOf(kept, state.range(0)));
  if (!kernel)
    return state.SkipWithError(kernel.error().text().c_str());
  std::vector<float> q = normalNumbers(), k = q, v = q, o(q.size());
  auto view = [](std::vector<float> &tensor) {
    return packedHeadMajor(tensor.data(), tokens, shape.heads, shape.headDim);
  };
  for (auto _ : state)
    if (Status status = (*kernel)(view(q), view(k), view(v), view(o)); !status)
      return state.SkipWithError(status.error().text().c_str());
  const Plan &plan = kernel->plan();
  double pairs = double(shape.heads) * tokens * tokens;
  state.counters["keptDensity"] = double(plan.keptPairs) / pairs;
  state.counters["coveredDensity"] = double(plan.coveredPairs) / pairs;
  state.counters["flops"] = benchmark::Counter(4.0 * double(plan.coveredPairs) * shape.headDim,
                                               benchmark::Counter::kIsIterationInvariantRate);
}

} // namespace

void halftone::bench::addBenchmarks() {
  auto add = [](const char *name, Kept kept) {
    return benchmark::RegisterBenchmark(name, run, kept)
        ->ArgName("frames")
        ->UseRealTime()
        ->MeasureProcessCPUTime()
        ->Unit(benchmark::kMillisecond);
  };
  add("dense", Kept::Dense)->Arg(8);
  add("radial_exact", Kept::RadialExact)->Arg(8)->Arg(16)->Arg(32);
  add("radial_reference", Kept::RadialReference)->Arg(8)->Arg(16)->Arg(32);
}
