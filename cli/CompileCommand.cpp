#include "cli/AtomicFile.h"
#include "cli/Commands.h"
#include "cli/CompilerOptions.h"
#include "cli/Machine.h"
#include "cli/OptionValues.h"
#include "cli/ProblemOptions.h"
#include "cli/ScheduleOption.h"

#include <chrono>
#include <utility>

namespace halftone::cli {
namespace {

struct CompileCommandOptions {
  ProblemOptions problem;
  CompileOptions compiler;
  std::string targets, emit, untilAfter, schedule, out;
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

/// Compiles for one target, reports what came out, and writes the image if asked to.
Status compileImage(const CompileCommandOptions &options, const Problem &problem,
                    const Schedule &schedule, const Target &target, Console &console) {
  auto start = std::chrono::steady_clock::now();
  auto compiled = compile(problem, schedule, target, options.compiler);
  if (!compiled)
    return compiled.error();
  double milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  const Image &image = *compiled->image;
  nlohmann::ordered_json entry = {
      {"target", image.target},         {"kind", imageKindName(image.kind)},
      {"entry", image.entry},           {"schedule", schedule.text()},
      {"bytes", image.bytes.size()},    {"threads", image.threads},
      {"registers", image.registers},   {"sharedBytes", image.sharedBytes},
      {"spillBytes", image.spillBytes}, {"scratchBytes", image.scratchBytes},
      {"compileMs", milliseconds}};
  if (console.document["targets"].empty())
    console.line("{:<8} {:<7} {:>8} {:>8} {:>10} {:>12} {:>11} {:>9}  {}", "target", "kind",
                 "bytes", "threads", "registers", "shared bytes", "spill bytes", "ms", "schedule");
  console.line("{:<8} {:<7} {:>8} {:>8} {:>10} {:>12} {:>11} {:>9.0f}  {}", image.target,
               imageKindName(image.kind), image.bytes.size(), image.threads, image.registers,
               image.sharedBytes, image.spillBytes, milliseconds, schedule.text());
  if (!options.out.empty()) {
    std::string path = placed(options.out, target);
    std::vector<char> bytes = writeImage(image);
    if (Status status = writeFile(path, {bytes.data(), bytes.size()}); !status)
      return status;
    entry["out"] = path;
    console.line("  wrote {} bytes to {}", bytes.size(), path);
  }
  console.document["targets"].push_back(entry);
  return {};
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
  addText(app, "--schedule", options->schedule,
          "Fields to change in the default schedule: \"tileQ=128 tileK=64 stages=2\"")
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
          "Write the image, or the level, to a file; {target} in its name stands for each "
          "target")
      ->type_name("FILE");
  declareCompilerOptions(app, options->compiler);
  app.footer(R"(Examples:
  halftone compile --preset wan2.1-14b:832x480x81 --pattern radial --target sm_80,sm_90
  halftone compile --tokens 4096 --pattern causal --head-dim 128 --target sm_80 --emit ptx
  halftone compile --tokens 4096 --pattern window --target cpu --until-after tile)");
  return [options](Console &console) { return runCompile(*options, console); };
}

} // namespace halftone::cli
