#pragma once

namespace halftone::bench {

/// Registers a program's benchmarks; each program of Main.cpp defines it.
void addBenchmarks();

} // namespace halftone::bench
