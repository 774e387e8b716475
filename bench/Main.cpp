// The main() of programs of Google Benchmark alone.
#include "bench/Benchmarks.h"

#include <benchmark/benchmark.h>

int main(int count, char **arguments) {
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments))
    return 2;
  halftone::bench::addBenchmarks();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
