// gpu_tests [--quick | --long] [--export <folder>] [--target <name>] [--schedule <fields>]
// [doctest's options]: Halftone on this machine's GPU.

#define DOCTEST_CONFIG_IMPLEMENT
#include "tests/gpu/GpuTest.h"

#include "autotune/Worker.h"
#include "cli/ScheduleOption.h"
#include "codegen/Compile.h"
#include "kernels/Build.h"
#include "tests/gpu/FaultyBackend.h"

#include <cstring>
#include <iostream>

namespace halftone::test {
namespace {

/// Counts what doctest cannot: tests that skip themselves.
struct SkipReporter : doctest::IReporter {
  explicit SkipReporter(const doctest::ContextOptions &) {}
  void report_query(const doctest::QueryData &) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats &stats) override {
    unsigned failed = stats.numTestCasesFailed;
    std::cout << "gpu_tests: " << stats.numTestCasesPassingFilters - failed - skipped << " passed, "
              << failed << " failed, " << skipped << " skipped";
    if (skipped)
      std::cout << " (" << reason << ")";
    std::cout << "\n";
  }
  void test_case_start(const doctest::TestCaseData &data) override { current = data.m_name; }
  void test_case_reenter(const doctest::TestCaseData &) override {}
  void test_case_end(const doctest::CurrentTestCaseStats &) override {}
  void test_case_exception(const doctest::TestCaseException &) override {}
  void subcase_start(const doctest::SubcaseSignature &) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData &) override {}
  void log_message(const doctest::MessageData &) override {}
  void test_case_skipped(const doctest::TestCaseData &) override {}

  static void skip(const std::string &why) {
    reason = why;
    ++skipped;
    std::cout << "[SKIP] " << current << ": " << reason << "\n";
  }

  static inline std::string current, reason;
  static inline unsigned skipped = 0;
};

} // namespace

REGISTER_LISTENER("skips", 1, SkipReporter);

GpuTestOptions &gpuTestOptions() {
  static GpuTestOptions options;
  return options;
}

std::optional<Device> gpuOrSkip() {
  static const Result<Device> device = Device::gpu();
  if (device)
    return *device;
  SkipReporter::skip(device.error().message);
  return std::nullopt;
}

std::optional<std::array<Device, 2>> twoGpusOrSkip() {
  std::optional<Device> first = gpuOrSkip();
  if (!first)
    return std::nullopt;
  Result<Device> second = Device::gpu(1);
  if (second)
    return std::array{*first, *second};
  SkipReporter::skip("it needs two GPUs, and " + second.error().message);
  return std::nullopt;
}

Result<Kernel> buildWith(const Problem &problem, const Schedule &schedule, const Target &target,
                         const Device &device) {
  Result<Compiled> compiled = compile(problem, schedule, target);
  if (!compiled)
    return compiled.error();
  return Kernel::load(compiled->image, problem, device);
}

Result<Kernel> buildAsAsked(const Problem &problem, const Device &device) {
  const GpuTestOptions &options = gpuTestOptions();
  if (options.target.empty() && options.schedule.empty())
    return build(problem, device);
  Result<Target> target = options.target.empty() ? targetOf(device) : Target::parse(options.target);
  if (!target)
    return target.error();
  Result<Schedule> schedule = cli::chooseSchedule(options.schedule, problem, *target);
  return buildWith(problem, schedule ? *schedule : defaultSchedule(problem, *target), *target,
                   device);
}

Kernel compiled(const Problem &problem, const Device &device) {
  return need(buildAsAsked(problem, device));
}

} // namespace halftone::test

int main(int count, char **arguments) {
  using namespace halftone::test;
  if (count == 3 && std::strcmp(arguments[1], "--faulty-worker") == 0)
    halftone::serveAsWorker(*makeFaultyBackend(arguments[2])); // a process of Faults.cpp
  std::vector<const char *> rest{arguments[0]};
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--quick") == 0)
      gpuTestOptions().quick = true;
    else if (std::strcmp(arguments[i], "--long") == 0)
      gpuTestOptions().isLong = true;
    else if (std::strcmp(arguments[i], "--target") == 0 && i + 1 < count)
      gpuTestOptions().target = arguments[++i];
    else if (std::strcmp(arguments[i], "--schedule") == 0 && i + 1 < count)
      gpuTestOptions().schedule = arguments[++i];
    else if (std::strcmp(arguments[i], "--export") == 0 && i + 1 < count)
      gpuTestOptions().exportTo = arguments[++i];
    else
      rest.push_back(arguments[i]);
  }
  doctest::Context context(int(rest.size()), rest.data());
  return context.run();
}
