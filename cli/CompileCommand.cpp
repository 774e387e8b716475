#include "cli/AheadOfTime.h"
#include "cli/AtomicFile.h"
#include "cli/Commands.h"
#include "cli/CompilerOptions.h"
#include "cli/Machine.h"
#include "cli/OptionValues.h"
#include "cli/ProblemOptions.h"
#include "cli/ScheduleOption.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace halftone::cli {
namespace {

struct CompileCommandOptions {
  ProblemOptions problem;
  CompileOptions compiler;
  std::string targets, emit, untilAfter, schedule, out, name;
  bool tuned = true;
};

/// The level that holds the program after a stage of the compiler.
Result<Level> levelAfter(const std::string &stage) {
  constexpr std::pair<const char *, Level> stages[] = {
      {"import", Level::Attention}, {"tile", Level::Ht}, {"map", Level::Mma},
      {"llvm", Level::Llvm},        {"ptx", Level::Ptx}, {"cubin", Level::Cubin},
      {"object", Level::Object}};
  for (auto [name, level] : stages)
    if (stage == name)
      return level;
  return misuse(fmt::format("unknown stage `{}`", stage),
                "use one of import, tile, map, llvm, ptx, cubin, object");
}

std::string placed(std::string path, const Target &target) {
  if (size_t at = path.find("{target}"); at != std::string::npos)
    path.replace(at, 8, target.name);
  return path;
}

/// Prints or writes the program at one level.
Status emitLevel(const CompileCommandOptions &options, Level level, const Problem &problem,
                 const Schedule &schedule, const Target &target, Console &console) {
  auto text = emit(problem, schedule, target, level, options.compiler);
  if (!text)
    return text.error();
  nlohmann::ordered_json entry = {{"target", target.name}, {"schedule", schedule.text()}};
  if (!options.out.empty()) {
    std::string path = placed(options.out, target);
    if (Status status = writeFile(path, *text); !status)
      return status;
    entry["out"] = path;
    console.line("{}: wrote {} bytes to {}", target.name, text->size(), path);
  } else {
    entry["text"] = *text;
    if (!console.json)
      console.raw(*text);
  }
  console.document["targets"].push_back(entry);
  return {};
}

/// Compiles for one target, and reports what came out.
Status compileImage(const CompileCommandOptions &options, const Problem &problem,
                    const Schedule &schedule, const Target &target, Console &console) {
  auto start = std::chrono::steady_clock::now();
  auto compiled = compile(problem, schedule, target, options.compiler);
  if (!compiled)
    return compiled.error();
  double milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  if (console.document["targets"].empty())
    imageHeading(console);
  console.document["targets"].push_back(reportImage(console, *compiled->image, milliseconds));
  return {};
}

/// A C name for the kernel of a pattern: "tile_window_attention".
std::string nameFor(std::string pattern) {
  std::replace(pattern.begin(), pattern.end(), '-', '_');
  return pattern + "_attention";
}

/// Compiles for all targets into a folder. They are of one problem, so of one element type.
Result<int> compileIntoFolder(const CompileCommandOptions &options,
                              const std::vector<Target> &targets, Console &console) {
  bool anyGpu = std::any_of(targets.begin(), targets.end(),
                            [](const Target &target) { return target.isGpu(); });
  auto chosen = options.problem.choose(console, anyGpu ? Element::BF16 : Element::F32);
  if (!chosen)
    return chosen.error();
  console.source = options.schedule;
  AheadOfTime ahead{targets,          options.out,   options.name,
                    options.schedule, options.tuned, options.compiler};
  if (ahead.name.empty())
    ahead.name = nameFor(chosen->name);
  if (Status status = compileAhead(console, ahead, *chosen); !status)
    return status.error();
  return 0;
}

Result<int> runCompile(const CompileCommandOptions &options, Console &console) {
  std::vector<Target> targets = {Target::cpu()};
  if (options.targets.empty())
    targets = {bestTarget()};
  else if (auto parsed = parseTargets(options.targets))
    targets = *parsed;
  else
    return parsed.error();
  std::optional<Level> level;
  if (!options.emit.empty() || !options.untilAfter.empty()) {
    auto parsed = options.emit.empty() ? levelAfter(options.untilAfter) : parseLevel(options.emit);
    if (!parsed)
      return parsed.error();
    level = *parsed;
  }
  if (!level && !options.out.empty())
    return compileIntoFolder(options, targets, console);
  if (!options.name.empty())
    return misuse("--name is the name of a compiled kernel, and none is written",
                  "name a folder with --out, and leave out --emit and --until-after");
  bool binary = level == Level::Cubin || level == Level::Object;
  if (binary && options.out.empty())
    return misuse("machine code is not text", "name a file with --out");
  if (targets.size() > 1 && !options.out.empty() &&
      options.out.find("{target}") == std::string::npos)
    return misuse(fmt::format("one file `{}` for {} targets", options.out, targets.size()),
                  "put {target} into its name");

  console.document = {{"targets", nlohmann::ordered_json::array()}};
  for (const Target &target : targets) {
    Element element = target.kind == Target::Kind::Cpu ? Element::F32 : Element::BF16;
    auto chosen = options.problem.choose(console, element);
    if (!chosen)
      return chosen.error();
    std::string problemText = std::exchange(console.source, options.schedule);
    auto schedule = chooseSchedule(options.schedule, chosen->problem, target);
    if (!schedule)
      return schedule.error();
    console.source = problemText;
    Status status = level ? emitLevel(options, *level, chosen->problem, *schedule, target, console)
                          : compileImage(options, chosen->problem, *schedule, target, console);
    if (!status)
      return status.error();
  }
  return 0;
}

} // namespace

Action addCompileCommand(CLI::App &app) {
  auto options = std::make_shared<CompileCommandOptions>();
  options->problem.declare(app);
  app.add_flag("--lse", options->problem.lse, "Also write the log-sum-exp of every row");
  addText(app, "--target", options->targets,
          fmt::format("One or more of {} (default: this machine's best)",
                      fmt::join(Target::names(), ",")))
      ->type_name("NAME,...");
  addText(
      app, "--schedule", options->schedule,
      "Fields to change in the default schedule, \"tileQ=128 tileK=64\", or one as it is printed")
      ->type_name("TEXT");
  CLI::Option *emit = addText(app, "--emit", options->emit,
                              "Print one level instead: attention, ht, mma, llvm, ptx, "
                              "cubin, sass, object")
                          ->type_name("LEVEL");
  addText(app, "--until-after", options->untilAfter,
          "Print the program after a stage: import, tile, map, llvm, ptx, cubin, object")
      ->type_name("STAGE")
      ->excludes(emit);
  addText(app, "--out", options->out,
          "A folder for the compiled kernel, as C source and header, machine code, plans and a "
          "manifest; or, of one level, a file: {target} in its name stands for each target")
      ->type_name("PATH");
  addText(app, "--name", options->name,
          "What its C functions are called (default: the pattern's name and _attention)")
      ->type_name("NAME");
  app.add_flag("--tuned,!--no-tuned", options->tuned,
               "Into a folder, without --schedule: take the tuned schedule, where the cache has "
               "one (default), or "
               "the default one");
  declareCompilerOptions(app, options->compiler);
  app.footer(R"(Examples:
  halftone compile --preset wan2.1-14b:832x480x81 --pattern radial --target sm_80,sm_90
  halftone compile --preset wan2.1-14b:832x480x81 --pattern radial --target sm_80,sm_90a --out wan
  halftone compile --tokens 4096 --pattern causal --head-dim 128 --target sm_80 --emit ptx
  halftone compile --tokens 4096 --pattern window --target cpu --until-after tile)");
  return [options](Console &console) { return runCompile(*options, console); };
}

} // namespace halftone::cli
