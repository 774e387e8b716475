// How long it takes to plan, and how that grows. "map": the kept key ranges of every query tile of
// HunyuanVideo clips (1280x720, 256 text tokens), for the reference radial mask and the exact one.
// "plan": all of makePlan() for the reference mask of three models' clips, in stages of one key
// tile each (chunk 0) and in stages gathered from chunks; "lists": in those that three warp groups
// share, in clusters and across frames, as short clips have them by default. The longest has
// 461,056 tokens. The whole process runs on one core; peak_MiB is its memory.

#include "runtime/Plan.h"
#include "bench/Benchmarks.h"
#include "dsl/TileMap.h"
#include "dsl/WholeTiles.h"
#include "kernels/patterns/Radial.h"

#include <benchmark/benchmark.h>
#include <sys/resource.h>

using namespace halftone;

namespace {

double peakMiB() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_maxrss) / 1024;
}

/// Everything from the problem to the map, the pattern's own construction included.
void map(benchmark::State &state, bool exact) {
  Layout clip = Layout::frames(state.range(0), 3600, 256);
  int64_t granule = state.range(1);
  patterns::RadialOptions options{.decay = 1.0, .sink = false, .block = 128};
  int64_t ranges = 0, tiles = 0;
  double covered = 0;
  for (auto _ : state) {
    Pattern pattern = exact ? patterns::radial(clip, options) : patterns::radialReference(options);
    Problem problem = attention(clip, {.heads = 24, .headDim = 128}).where(pattern);
    if (Status status = problem.check(); !status)
      return state.SkipWithError(status.error().text().c_str());
    Result<TileMap> map = TileMap::build(problem, 128, granule);
    if (!map)
      return state.SkipWithError(map.error().text().c_str());
    state.PauseTiming();
    ranges = 0;
    tiles = map->queryTiles();
    for (int64_t tile = 0; tile < tiles; ++tile)
      ranges += int64_t(map->ranges(0, tile).size());
    covered = double(map->coveredPairs()) / 24;
    state.ResumeTiming();
  }
  double tokens = double(clip.tokenCount());
  state.counters["tokens"] = tokens;
  state.counters["ranges"] = double(ranges);
  state.counters["density"] = covered / tokens / tokens;
  state.counters["time_per_range"] = benchmark::Counter(
      double(ranges), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["peak_MiB"] = peakMiB();
}

void lengths(benchmark::internal::Benchmark *benchmark) {
  benchmark->ArgNames({"frames", "granule"})->Unit(benchmark::kMillisecond);
  for (int64_t frames : {16, 33, 64, 128})
    for (int64_t granule : {128, 64})
      benchmark->Args({frames, granule});
}

BENCHMARK_CAPTURE(map, reference, false)->Apply(lengths);
BENCHMARK_CAPTURE(map, exact, true)->Apply(lengths);

/// A clip of a model, and the key tiles and chunks of a schedule.
struct Clip {
  int64_t frames, tokensPerFrame, text, heads;
  patterns::RadialOptions options;
};
constexpr Clip wan69{18, 3840, 0, 40, {.decay = 0.2, .sink = true, .block = 128}},
    wan69Block64{18, 3840, 0, 40, {.decay = 0.2, .sink = true, .block = 64}},
    wan273{69, 3600, 0, 4, {.decay = 0.2, .sink = true, .block = 128}},
    hunyuan509{128, 3600, 256, 4, {.decay = 0.95, .sink = false, .block = 128}};

void plan(benchmark::State &state, const Clip &clip, const Schedule &schedule) {
  Layout layout = Layout::frames(clip.frames, clip.tokensPerFrame, clip.text);
  Pattern pattern = patterns::radialReference(clip.options);
  Problem problem = attention(layout, {.heads = clip.heads, .headDim = 128}).where(pattern);
  size_t stages = 0, bytes = 0;
  double covered = 0;
  // As the kernel's is: one for whole tiles evaluates no mask.
  bool forMasks =
      !schedule.gather || !keepsWholeTiles(problem.pattern(), schedule.keptRows(), schedule.gather);
  for (auto _ : state) {
    Result<Plan> made = makePlan(problem, schedule, forMasks);
    if (!made)
      return state.SkipWithError(made.error().text().c_str());
    int entries = schedule.gather ? schedule.tileK / schedule.gather + schedule.groupLists : 1;
    stages = made->stages.size() / size_t(entries);
    bytes = made->bytes();
    covered = double(made->coveredPairs);
    benchmark::DoNotOptimize(made);
  }
  double tokens = double(layout.tokenCount());
  state.counters["tokens"] = tokens;
  state.counters["density"] = covered / tokens / tokens / double(clip.heads);
  state.counters["stages"] = double(stages);
  state.counters["plan_MiB"] = double(bytes) / (1 << 20);
  state.counters["peak_MiB"] = peakMiB();
}

} // namespace

void halftone::bench::addBenchmarks() {
  struct {
    const char *name;
    const Clip &clip;
  } const clips[] = {{"wan 69f", wan69},
                     {"wan 69f b64", wan69Block64},
                     {"wan 273f", wan273},
                     {"hunyuan 509f", hunyuan509}};
  for (const auto &[name, clip] : clips)
    for (auto [tileK, gather] : {std::pair{128, 0}, {128, 128}, {192, 64}, {176, 16}})
      benchmark::RegisterBenchmark(
          ("plan/" + std::string(name) + "/tileK:" + std::to_string(tileK) +
           "/chunk:" + std::to_string(gather))
              .c_str(),
          plan, clip, Schedule{.tileQ = 128, .tileK = tileK, .gather = gather})
          ->Unit(benchmark::kMillisecond);
  Schedule lists{.tileQ = 192, .tileK = 128, .gather = 64};
  lists.groupLists = 1;
  lists.cluster = 2;
  lists.order = WorkOrder::AcrossFrames;
  for (const auto &[name, clip] : clips)
    benchmark::RegisterBenchmark(("plan/" + std::string(name) + "/lists").c_str(), plan, clip,
                                 lists)
        ->Unit(benchmark::kMillisecond);
}
