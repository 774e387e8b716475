// 300 random problems in each 16-bit type, against the fp64 reference.

#include "tests/gpu/Attention.h"
#include "tests/gpu/Export.h"
#include "tests/gpu/InParallel.h"

#include <cmath>
#include <iostream>

using namespace halftone;
using namespace halftone::test;

namespace {

/// A problem made ready by one of many threads: the GPU then runs them one after another.
struct Prepared {
  RandomProblem random;
  std::optional<Attention> attention;
  std::optional<Result<Kernel>> kernel;
  double tolerance = 0;
};

Prepared prepare(uint64_t seed, Element element, const Device &device) {
  Prepared made{RandomProblem::make(seed, element, true), {}, {}, 0};
  made.kernel = buildAsAsked(made.random.problem, device);
  made.attention.emplace(made.random.problem, made.random.order, seed);
  made.attention->solve();
  made.tolerance = made.attention->tolerance();
  return made;
}

void runAll(Element element) {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  size_t count = gpuTestOptions().quick ? 10 : 300;
  std::vector<std::optional<Prepared>> all(count);
  inParallel(count, [&](size_t i) { all[i] = prepare(i + 1, element, *device); });

  double worstShare = 0, worstLse = 0;
  for (std::optional<Prepared> &slot : all) {
    Prepared &prepared = *slot;
    INFO(prepared.random.text());
    if (!*prepared.kernel) {
      FAIL_CHECK(prepared.kernel->error().text());
      continue;
    }
    const Attention &attention = *prepared.attention;
    GpuAttention onGpu(attention, *device);
    Outcome outcome = onGpu.run(**prepared.kernel);
    Errors errors = checkOutcome(attention, outcome, prepared.tolerance);
    worstShare = std::max(worstShare, errors.output / prepared.tolerance);
    worstLse = std::max(worstLse, errors.lse);
    if (!gpuTestOptions().exportTo.empty())
      need(exportAttention(gpuTestOptions().exportTo, prepared.random, attention, outcome));
  }
  std::cout << count << " problems in " << elementName(element) << ": the largest error is "
            << worstShare << " of the tolerance, of the log-sum-exp " << worstLse << "\n";
}

} // namespace

TEST_CASE("random problems in bf16 match the reference") { runAll(Element::BF16); }

TEST_CASE("random problems in f16 match the reference") { runAll(Element::F16); }
