// bench_gpu: the sustained speed of one compiled kernel on this machine's GPU, as one line of JSON.
// Problem and schedule are given as to the command: --preset wan2.1-14b:1280x768x69 --pattern
// radial.

#include "bench/SustainedTime.h"
#include "cli/CompilerOptions.h"
#include "cli/Execution.h"
#include "cli/ProblemOptions.h"
#include "cli/ScheduleOption.h"
#include "kernels/Build.h"

#include <CLI/CLI.hpp>

using namespace halftone;
using namespace halftone::bench;

namespace {

struct Options {
  cli::ProblemOptions problem;
  CompileOptions compile;
  std::string target, schedule;
  TimingPlan timing;
};

Result<Target> chooseTarget(const std::string &name, const Device &device) {
  return name.empty() ? targetOf(device) : Target::parse(name);
}

Status measure(const Options &options, cli::Console &console) {
  Result<Device> device = Device::gpu();
  if (!device)
    return device.error();
  Result<cli::ChosenProblem> chosen = options.problem.choose(console, Element::BF16);
  if (!chosen)
    return chosen.error();
  const Problem &problem = chosen->problem;
  Result<Target> target = chooseTarget(options.target, *device);
  if (!target)
    return target.error();
  Result<Schedule> schedule = cli::chooseSchedule(options.schedule, problem, *target);
  if (!schedule)
    return schedule.error();
  Result<cli::Ready> ready = cli::prepare(problem, *schedule, {*target, *device}, options.compile);
  if (!ready)
    return ready.error();
  const Kernel &kernel = ready->kernel;
  Result<BenchTensors> tensors = BenchTensors::make(problem, *device);
  if (!tensors)
    return tensors.error();
  Result<Timing> timing = sustainedTime(kernel, *tensors, *device, options.timing);
  if (!timing)
    return timing.error();

  const AttentionShape &shape = problem.shape();
  const Plan &plan = kernel.plan();
  double allPairs = double(shape.batch * shape.heads) * double(problem.query().tokenCount()) *
                    double(problem.key().tokenCount());
  const Image &image = kernel.image();
  console.document = {
      {"ms", timing->medianMs},
      {"covered TFLOP/s", cli::teraflops(plan.coveredPairs, shape.headDim, timing->medianMs)},
      {"kept TFLOP/s", cli::teraflops(plan.keptPairs, shape.headDim, timing->medianMs)},
      {"covered", double(plan.coveredPairs) / allPairs},
      {"kept", double(plan.keptPairs) / allPairs},
      {"fastest ms", timing->fastestMs},
      {"slowest ms", timing->slowestMs},
      {"samples", timing->samples},
      {"launches per sample", timing->launchesPerSample},
      {"pattern", chosen->name},
      {"problem", problem.text()},
      {"target", image.target},
      {"schedule", image.schedule.text()},
      {"threads", image.threads},
      {"registers", image.registers},
      {"spill bytes", image.spillBytes},
      {"shared bytes", image.sharedBytes},
      {"plan bytes", kernel.workspaceBytes()},
      {"gpu", device->name()},
      {"driver", device->driverVersion()}};
  return {};
}

} // namespace

int main(int count, char **arguments) {
  CLI::App app("The sustained speed of one compiled kernel on this machine's GPU.", "bench_gpu");
  Options options;
  options.problem.declare(app);
  app.add_option("--target", options.target, "Compile for this target; default: the GPU's own");
  app.add_option("--schedule", options.schedule,
                 "Fields to change in the default schedule: \"tileK=128 stages=1\"");
  app.add_option("--seconds", options.timing.seconds, "Time for this long")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--warm-up", options.timing.warmUpSeconds, "Run for this long before")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
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
