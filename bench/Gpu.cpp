// bench_gpu: the sustained speed of one compiled kernel on this machine's GPU, as JSON. Problem and
// schedule are given as to the command: --preset wan2.1-14b:1280x768x69 --pattern radial. With
// --on-request it is prepared once and timed as often as whoever runs it asks, so that others can
// be timed in between.

#include "bench/SustainedTime.h"
#include "cli/CompilerOptions.h"
#include "cli/Execution.h"
#include "cli/ProblemOptions.h"
#include "cli/ScheduleOption.h"
#include "kernels/Build.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>

using namespace halftone;
using namespace halftone::bench;

namespace {

struct Options {
  cli::ProblemOptions problem;
  CompileOptions compile;
  std::string target, schedule;
  TimingPlan timing;
  bool onRequest = false;
};

/// A kernel, what it runs on, and how it came about.
struct Bench {
  cli::ChosenProblem chosen;
  Device device;
  TunedSchedule schedule;
  cli::Ready ready;
  BenchTensors tensors;
  double planMs = 0; ///< for another length or mask of the same class
};

Result<double> planningMs(const Kernel &kernel, const Problem &problem) {
  std::vector<double> milliseconds;
  for (int i = 0; i < 5; ++i) {
    auto start = std::chrono::steady_clock::now();
    Result<Kernel> again = kernel.replan(problem);
    if (!again)
      return again.error();
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  return milliseconds[milliseconds.size() / 2];
}

Result<Bench> prepare(const Options &options, cli::Console &console) {
  Result<Device> device = Device::gpu();
  if (!device)
    return device.error();
  Result<cli::ChosenProblem> chosen = options.problem.choose(console, Element::BF16);
  if (!chosen)
    return chosen.error();
  const Problem &problem = chosen->problem;
  Result<Target> target =
      options.target.empty() ? targetOf(*device) : Target::parse(options.target);
  if (!target)
    return target.error();
  cli::Place place{*target, *device};
  Result<TunedSchedule> schedule =
      cli::chooseScheduleHere(console, options.schedule, problem, place, options.compile);
  if (!schedule)
    return schedule.error();
  Result<cli::Ready> ready = cli::prepare(problem, schedule->schedule, place, options.compile);
  if (!ready)
    return ready.error();
  Result<double> planMs = planningMs(ready->kernel, problem);
  if (!planMs)
    return planMs.error();
  Result<BenchTensors> tensors = BenchTensors::make(problem, *device);
  if (!tensors)
    return tensors.error();
  return Bench{std::move(*chosen), std::move(*device),  std::move(*schedule),
               std::move(*ready),  std::move(*tensors), *planMs};
}

Result<nlohmann::ordered_json> timed(const Bench &bench, const TimingPlan &plan) {
  const Kernel &kernel = bench.ready.kernel;
  Result<Timing> timing = sustainedTime(kernel, bench.tensors, bench.device, plan);
  if (!timing)
    return timing.error();
  int64_t headDim = bench.chosen.problem.shape().headDim;
  auto rate = [&](int64_t pairs) { return cli::teraflops(pairs, headDim, timing->medianMs); };
  return nlohmann::ordered_json{{"ms", timing->medianMs},
                                {"covered TFLOP/s", rate(kernel.plan().coveredPairs)},
                                {"kept TFLOP/s", rate(kernel.plan().keptPairs)},
                                {"fastest ms", timing->fastestMs},
                                {"slowest ms", timing->slowestMs},
                                {"samples", timing->samples},
                                {"launches per sample", timing->launchesPerSample}};
}

nlohmann::ordered_json described(const Bench &bench) {
  const Problem &problem = bench.chosen.problem;
  const AttentionShape &shape = problem.shape();
  const Kernel &kernel = bench.ready.kernel;
  const Plan &plan = kernel.plan();
  const Image &image = kernel.image();
  double allPairs = double(shape.batch * shape.heads) * double(problem.query().tokenCount()) *
                    double(problem.key().tokenCount());
  return {{"covered", double(plan.coveredPairs) / allPairs},
          {"kept", double(plan.keptPairs) / allPairs},
          {"pattern", bench.chosen.name},
          {"problem", problem.text()},
          {"target", image.target},
          {"schedule", image.schedule.text()},
          {"schedule from", bench.schedule.reason},
          {"threads", image.threads},
          {"registers", image.registers},
          {"spill bytes", image.spillBytes},
          {"shared bytes", image.sharedBytes},
          {"plan bytes", kernel.workspaceBytes()},
          {"compile ms", bench.ready.compileMs},
          {"plan ms", bench.planMs},
          {"gpu", bench.device.name()},
          {"driver", bench.device.driverVersion()}};
}

/// A line of JSON at once, for who waits for it at the other end of a pipe.
void answer(cli::Console &console, const nlohmann::ordered_json &document) {
  console.raw(document.dump() + "\n");
  std::fflush(stdout);
}

/// Says what is ready, then times it once for each line of the standard input.
Status timeOnRequest(const Bench &bench, const TimingPlan &plan, cli::Console &console) {
  answer(console, described(bench));
  for (std::string request; std::getline(std::cin, request);) {
    Result<nlohmann::ordered_json> document = timed(bench, plan);
    if (!document)
      return document.error();
    answer(console, *document);
  }
  return {};
}

Status measure(const Options &options, cli::Console &console) {
  Result<Bench> bench = prepare(options, console);
  if (!bench)
    return bench.error();
  if (options.onRequest)
    return timeOnRequest(*bench, options.timing, console);
  Result<nlohmann::ordered_json> document = timed(*bench, options.timing);
  if (!document)
    return document.error();
  console.document = std::move(*document);
  console.document.update(described(*bench));
  return {};
}

} // namespace

int main(int count, char **arguments) {
  CLI::App app("The sustained speed of one compiled kernel on this machine's GPU.", "bench_gpu");
  Options options;
  options.problem.declare(app);
  app.add_option("--target", options.target, "Compile for this target; default: the GPU's own");
  app.add_option(
      "--schedule", options.schedule,
      "Fields to change in the default schedule, \"tileQ=128 tileK=64\", or one as it is printed");
  app.add_option("--seconds", options.timing.seconds, "Time for this long")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--warm-up", options.timing.warmUpSeconds, "Run for this long before")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_flag(
      "--on-request", options.onRequest,
      "When ready, print a line of JSON; then time once and print another for each line of "
      "standard input");
  cli::declareCompilerOptions(app, options.compile);
  // Alone it measures the size that bench/results compares with PyTorch's.
  const char *alone[] = {"bench_gpu", "--preset",   "wan2.1-14b:1280x768x69",
                         "--heads",   "8",          "--pattern",
                         "radial",    "--rounding", "reference"};
  bool isAlone = count == 1;
  try {
    app.parse(isAlone ? int(std::size(alone)) : count, isAlone ? alone : arguments);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) ? int(ErrorCode::Misuse) : 0;
  }
  cli::Console console("bench_gpu");
  console.json = true;
  if (Result<Device> device = Device::gpu(); !device && isAlone) {
    console.note("[SKIP] bench_gpu: {}", device.error().message);
    return 0;
  }
  if (Status status = measure(options, console); !status)
    return console.fail(status.error());
  return console.finish(0);
}
