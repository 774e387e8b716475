// How long it takes to plan, and how that grows: the kept key ranges of every query tile of
// HunyuanVideo clips (1280x720, 256 text tokens), for the reference radial mask and the exact one.
// The last length is 461,056 tokens. The whole process runs on one core; peak_MiB is its memory.

#include "dsl/TileMap.h"
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
void plan(benchmark::State &state, bool exact) {
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

BENCHMARK_CAPTURE(plan, reference, false)->Apply(lengths);
BENCHMARK_CAPTURE(plan, exact, true)->Apply(lengths);

} // namespace

BENCHMARK_MAIN();
