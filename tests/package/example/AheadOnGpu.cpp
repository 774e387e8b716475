// Runs the kernel that was compiled ahead of time on GPU 0 and compares with the slow answer. Links
// the runtime alone; on a machine without a GPU it says so and is done.
#include "band_gpu.h"
#include "dsl/Parse.h"
#include "dsl/Reference.h"
#include "runtime/Device.h"

#include <bit>
#include <cmath>
#include <cstdio>

using namespace halftone;

namespace {

/// A bf16 of a value that has one: the upper half of its bits.
uint16_t bf16(float value) { return uint16_t(std::bit_cast<uint32_t>(value) >> 16); }
float real(uint16_t value) { return std::bit_cast<float>(uint32_t(value) << 16); }

int failed(const std::string &what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  return 1;
}

} // namespace

int main() {
  Result<Device> gpu = Device::gpu(0);
  if (!gpu) {
    std::printf("skipped: %s\n", gpu.error().message.c_str());
    return 0;
  }
  Result<Problem> problem = parseProblem(band_gpu_problem);
  if (!problem)
    return failed(problem.error().text());
  size_t count =
      size_t(problem->query().tokenCount() * problem->shape().heads * problem->shape().headDim);
  // Head by head, as the slow answer has them.
  int64_t headDim = problem->shape().headDim, head = problem->query().tokenCount() * headDim;

  std::vector<double> exact[3];
  halftone_tensor tensors[4];
  for (int tensor = 0; tensor < 4; ++tensor) {
    std::vector<uint16_t> values(count, 0x7fc0); // NaN: whatever is not written is seen
    for (size_t i = 0; tensor < 3 && i < count; ++i) {
      values[i] = bf16(std::sin(0.37f * float(i) + float(tensor)));
      exact[tensor].push_back(real(values[i]));
    }
    Result<void *> memory = gpu->allocate(2 * count);
    if (!memory)
      return failed(memory.error().text());
    if (Status copied = gpu->upload(*memory, values.data(), 2 * count); !copied)
      return failed(copied.error().text());
    tensors[tensor] = {*memory, int64_t(count), headDim, head};
  }
  halftone_error *error = nullptr;
  if (band_gpu_launch(0, &tensors[0], &tensors[1], &tensors[2], &tensors[3], nullptr, nullptr,
                      &error) != HALFTONE_OK)
    return failed(halftone_error_text(error));
  std::vector<uint16_t> out(count);
  if (Status copied = gpu->download(out.data(), tensors[3].data, 2 * count); !copied)
    return failed(copied.error().text());
  ReferenceResult right = reference(*problem, {exact[0], exact[1], exact[2]});
  double worst = 0;
  bool matches = true;
  for (size_t i = 0; i < count; ++i) {
    double error = std::abs(right.output[i] - real(out[i]));
    worst = std::max(worst, error);
    // Two roundings to bf16, of P and of the output, of values up to 1. A NaN is no match.
    matches &= error < 0x1p-7;
  }
  std::printf("on %s: %s, error %g\n", gpu->name().c_str(), matches ? "matches" : "WRONG", worst);
  return matches ? 0 : 1;
}
