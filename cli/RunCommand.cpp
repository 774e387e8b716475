#include "cli/AtomicFile.h"
#include "cli/Commands.h"
#include "cli/CompilerOptions.h"
#include "cli/Execution.h"
#include "cli/GivenTensors.h"
#include "cli/OptionValues.h"
#include "cli/ProblemOptions.h"
#include "cli/RunReport.h"
#include "cli/ScheduleOption.h"

#include <utility>

namespace halftone::cli {
namespace {

struct RunOptions {
  ProblemOptions problem;
  CompileOptions compiler;
  std::string target, schedule, input, output, order = "bshd";
  int64_t gpu = 0, seed = 1, repeat = 3, checkRows = 256, checkHeads = 4;
  bool check = false;
};

Result<int> run(const RunOptions &options, Console &console) {
  auto order = parseAxisOrder(options.order);
  if (!order)
    return order.error();
  for (auto [value, name] : {std::pair(options.repeat, "--repeat"),
                             {options.checkRows, "--check-rows"},
                             {options.checkHeads, "--check-heads"}})
    if (value < 1 || value > 1000000)
      return misuse(fmt::format("{} {} is not 1 to 1000000", name, value), "leave it out");
  if (options.gpu < 0 || options.gpu > 1023)
    return misuse(fmt::format("--gpu {} is not 0 to 1023", options.gpu),
                  "`halftone doctor` lists the GPUs");

  ProblemOptions problemOptions = options.problem;
  problemOptions.lse = true;
  std::optional<Inputs> inputs;
  if (!options.input.empty()) {
    auto read = readInputs(options.input, *order, problemOptions);
    if (!read)
      return read.error();
    inputs = std::move(*read);
  }
  if (!options.output.empty())
    if (Status status = AtomicFile::probe(options.output); !status)
      return status.error();

  // A mistake in the problem is told before a missing GPU is.
  auto chosen = problemOptions.choose(console, inputs ? inputs->q.element : Element::BF16);
  if (!chosen)
    return chosen.error();
  auto place = choosePlace(options.target, int(options.gpu));
  if (!place)
    return place.error();
  if (!inputs && !place->device.isGpu()) {
    chosen = problemOptions.choose(console, Element::F32);
    if (!chosen)
      return chosen.error();
  }
  const Problem &problem = chosen->problem;
  if (inputs)
    if (Status status = fit(*inputs, problem); !status)
      return status.error();
  std::string problemText = std::exchange(console.source, options.schedule);
  auto schedule = chooseScheduleHere(console, options.schedule, problem, *place, options.compiler);
  if (!schedule)
    return schedule.error();
  console.source = problemText;
  if (Status status = checkMemory(problem); !status)
    return status.error();
  auto ready = prepare(problem, schedule->schedule, *place, options.compiler);
  if (!ready)
    return ready.error();
  if (ready->kernel.plan().keptPairs == 0)
    return misuse("the pattern keeps nothing", "a comparison may be the wrong way round");
  if (!inputs)
    inputs = randomInputs(problem, *order, uint64_t(options.seed));
  auto measured = execute(ready->kernel, *place, *inputs, int(options.repeat));
  if (!measured)
    return measured.error();

  if (!options.output.empty()) {
    const Outputs &outputs = measured->outputs;
    SafetensorsTensor tensors[] = {
        {"o",
         outputs.o.element,
         outputs.o.shape(),
         {outputs.o.bytes.data(), outputs.o.bytes.size()}},
        {"lse",
         Element::F32,
         {outputs.o.batch, outputs.o.heads, outputs.o.tokens},
         {reinterpret_cast<const char *>(outputs.lse.data()), outputs.lse.size() * sizeof(float)}}};
    if (Status status = writeSafetensors(options.output, tensors); !status)
      return status.error();
  }
  report(console, *chosen, *place, *ready, *measured, schedule->reason);
  if (!options.output.empty()) {
    console.document["output"] = options.output;
    console.line("wrote    o and lse to {}", options.output);
  }
  if (!options.check)
    return 0;
  CheckReport checked =
      checkSample(problem, *inputs, measured->outputs,
                  {options.checkRows, options.checkHeads, uint64_t(options.seed)});
  report(console, checked);
  return checked.passed() ? 0 : int(ErrorCode::ResultFailed);
}

} // namespace

Action addRunCommand(CLI::App &app) {
  auto options = std::make_shared<RunOptions>();
  options->problem.declare(app);
  addTarget(app, options->target);
  addWhole(app, "--gpu", options->gpu, "The GPU to use, as `halftone doctor` numbers them");
  addText(
      app, "--schedule", options->schedule,
      "Fields to change in the default schedule, \"tileQ=128 tileK=64\", or one as it is printed")
      ->type_name("TEXT");
  CLI::Option *input = addText(app, "--input", options->input,
                               "Read q, k and v from a .safetensors file (F32, F16 or BF16)")
                           ->type_name("FILE");
  addWhole(app, "--seed", options->seed, "Seed of the random q, k and v")->excludes(input);
  addText(app, "--layout", options->order,
          "Order of the axes in memory: bshd ([batch, token, head, depth]) or bhsd")
      ->type_name("ORDER")
      ->default_str("bshd");
  addText(app, "--output", options->output, "Write o and lse to a .safetensors file")
      ->type_name("FILE");
  app.add_flag("--check", options->check, "Compare sampled rows with the fp64 reference");
  addWhole(app, "--check-rows", options->checkRows, "Rows of a head to compare");
  addWhole(app, "--check-heads", options->checkHeads, "Heads to compare");
  addWhole(app, "--repeat", options->repeat, "Timed launches, after one to warm up");
  declareCompilerOptions(app, options->compiler);
  app.footer(R"(Examples:
  halftone run --frames 6 --height 16 --width 16 --pattern radial --target cpu --check
  halftone run --preset wan2.1-14b:1280x720x81 --pattern radial --check
  halftone run --input qkv.safetensors --layout bhsd --pattern causal --output o.safetensors)");
  return [options](Console &console) { return run(*options, console); };
}

} // namespace halftone::cli
