// Every schedule of the space is right: each with a random problem that it fits, with NaNs in the
// keys and values that nothing attends to, against the fp64 reference.

#include "tests/gpu/Attention.h"
#include "tests/gpu/InParallel.h"

#include "autotune/Space.h"
#include "kernels/Build.h"

#include <deque>
#include <iostream>
#include <set>

using namespace halftone;
using namespace halftone::test;

namespace {

/// A problem and the schedules that it stands for; made ready by one of many threads.
struct Portion {
  RandomProblem random;
  std::vector<Schedule> schedules;
  std::optional<Attention> attention;
  double tolerance = 0;
};

/// One compilation of a portion.
struct Trial {
  Portion *portion;
  Schedule schedule;
  std::optional<Result<Kernel>> kernel;
};

/// The order of work is data, and no part of a kernel: one of the orders is enough.
std::string kernelOf(Schedule schedule) {
  schedule.order = WorkOrder::Natural;
  return schedule.text();
}

/// Draws problems, and gives each up to `most` schedules that none before it had, until there are
/// `count` of them or many in a row bring nothing new.
std::deque<Portion> drawPortions(const Target &target, size_t count, size_t most) {
  constexpr uint64_t patience = 60;
  std::deque<Portion> portions;
  std::set<std::string> covered;
  for (uint64_t seed = 2001, idle = 0; idle < patience && portions.size() < count; ++seed) {
    Element element = seed % 2 ? Element::BF16 : Element::F16;
    Portion portion{RandomProblem::make(seed, element, true), {}, {}, 0};
    Space space = Space::of(portion.random.problem, target);
    RandomNumbers random(seed);
    std::vector<Schedule> all = space.schedules();
    for (size_t left = all.size(); left > 0 && portion.schedules.size() < most; --left) {
      std::swap(all[size_t(random.between(0, int64_t(left) - 1))], all[left - 1]);
      if (covered.insert(kernelOf(all[left - 1])).second)
        portion.schedules.push_back(all[left - 1]);
    }
    idle = portion.schedules.empty() ? idle + 1 : 0;
    if (!portion.schedules.empty())
      portions.push_back(std::move(portion));
  }
  return portions;
}

} // namespace

TEST_CASE("every schedule of the space matches the reference") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  const GpuTestOptions &options = gpuTestOptions();
  Target target = need(options.target.empty() ? targetOf(*device) : Target::parse(options.target));
  // Without --long a sample.
  std::deque<Portion> portions = options.isLong ? drawPortions(target, SIZE_MAX, 12)
                                                : drawPortions(target, options.quick ? 5 : 100, 1);
  inParallel(portions.size(), [&](size_t i) {
    Portion &portion = portions[i];
    portion.attention.emplace(portion.random.problem, portion.random.order, portion.random.seed);
    portion.attention->solve();
    portion.tolerance = portion.attention->tolerance();
    poison(*portion.attention);
  });
  std::vector<Trial> trials;
  for (Portion &portion : portions)
    for (const Schedule &schedule : portion.schedules)
      trials.push_back({&portion, schedule, {}});
  inParallel(trials.size(), [&](size_t i) {
    Trial &trial = trials[i];
    trial.kernel = buildWith(trial.portion->random.problem, trial.schedule, target, *device);
  });

  double worst = 0;
  for (Trial &trial : trials) {
    INFO(trial.schedule.text() << ", " << trial.portion->random.text());
    if (!*trial.kernel) {
      FAIL_CHECK(trial.kernel->error().text());
      continue;
    }
    const Attention &attention = *trial.portion->attention;
    Outcome outcome = GpuAttention(attention, *device).run(**trial.kernel);
    Errors errors = checkOutcome(attention, outcome, trial.portion->tolerance);
    worst = std::max(worst, errors.output / trial.portion->tolerance);
    trial.kernel.reset(); // thousands of modules would fill the GPU
  }
  std::cout << trials.size() << " schedules of " << target.name << " with " << portions.size()
            << " problems: the largest error is " << worst << " of the tolerance\n";
}
