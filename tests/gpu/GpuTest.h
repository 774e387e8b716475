#pragma once

#include "codegen/Target.h"
#include "runtime/Kernel.h"

#include <doctest/doctest.h>

#include <array>

namespace halftone::test {

/// Options of the program that doctest does not know.
struct GpuTestOptions {
  bool quick = false;   ///< 20 problems, for compute-sanitizer
  bool isLong = false;  ///< 1,000 repeats, 10,000 launches, every schedule of the space
  std::string exportTo; ///< a folder for the random problems as .safetensors
  std::string target;   ///< compile for this one; empty: the GPU's own
  std::string schedule; ///< fields to change in the default schedule, where the result fits
};
GpuTestOptions &gpuTestOptions();

/// The GPU under test. Without one the test is reported as skipped, and must return.
std::optional<Device> gpuOrSkip();

/// The first two GPUs; skips like gpuOrSkip() where there are fewer.
std::optional<std::array<Device, 2>> twoGpusOrSkip();

/// `problem` compiled with this schedule, loaded and planned.
Result<Kernel> buildWith(const Problem &problem, const Schedule &schedule, const Target &target,
                         const Device &device);
/// `problem` compiled for the GPU as the options say, loaded and planned.
Result<Kernel> buildAsAsked(const Problem &problem, const Device &device);
/// The same; the test ends where that fails.
Kernel compiled(const Problem &problem, const Device &device);

/// What a Result or Status that must be good holds; the test ends with its text if it is not.
template <typename T> T need(Result<T> result) {
  if (!result)
    FAIL(result.error().text());
  return std::move(*result);
}
inline void need(const Status &status) {
  if (!status)
    FAIL(status.error().text());
}

} // namespace halftone::test
