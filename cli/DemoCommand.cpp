#include "cli/AtomicFile.h"
#include "cli/Commands.h"
#include "cli/CompilerOptions.h"
#include "cli/Execution.h"
#include "cli/OptionValues.h"
#include "cli/Picture.h"
#include "cli/ScheduleOption.h"
#include "codegen/Ptxas.h"
#include "dsl/TileMap.h"
#include "kernels/PatternOptions.h"
#include "kernels/Presets.h"

#include <llvm/Support/FileSystem.h>

namespace halftone::cli {
namespace {

struct DemoOptions {
  CompileOptions compiler;
  std::string folder = "halftone-demo";
  std::string target;
};

/// One pattern, compiled, run, checked and timed.
struct DemoRow {
  std::string name;
  double density = 0;
  Ready ready;
  double milliseconds = 0, rate = 0;
  CheckReport checked;
};

/// Wan2.1 1.3B at 832x480: a clip that each kind of machine goes through in about a second, dense.
Result<Preset> demoClip(bool gpu) {
  auto clip = preset(gpu ? "wan2.1-1.3b:832x480x81" : "wan2.1-1.3b:832x480x33");
  if (clip && !gpu) {
    clip->shape.heads = 1;
    clip->shape.element = Element::F32;
  }
  if (clip)
    clip->shape.lse = true;
  return clip;
}

void describe(Console &console, const Preset &clip, const Pattern &pattern) {
  BlockMask mask = radialBlockMask(clip.layout, pattern.node()->radial);
  int64_t all = mask.queryBlocks * mask.keyBlocks;
  console.document["tokens"] = clip.layout.tokenCount();
  console.document["where"] = pattern.text();
  console.document["keptBlocks"] = mask.keptBlocks();
  console.document["blocks"] = all;
  if (!console.json)
    console.raw(textPicture(mask, std::min(Console::columns(), 66), Console::colour()));
  console.line("clip     {} {}x{}, {} frames: {}, {} tokens, {} heads of {}", clip.model,
               clip.width, clip.height, clip.frames, clip.layout.text(), clip.layout.tokenCount(),
               clip.shape.heads, clip.shape.headDim);
  console.line("pattern  {}", pattern.text());
  console.line("blocks   {} of {} x {} kept: {:.1f}%", mask.keptBlocks(), mask.queryBlocks,
               mask.keyBlocks, 100 * double(mask.keptBlocks()) / double(all));
}

Result<DemoRow> runRow(const std::string &name, const Problem &problem, const Place &place,
                       const Inputs &inputs, const CompileOptions &compiler) {
  auto schedule = chooseSchedule({}, problem, place.target);
  if (!schedule)
    return schedule.error();
  auto ready = prepare(problem, *schedule, place, compiler);
  if (!ready)
    return ready.error();
  auto measured = execute(ready->kernel, place, inputs, place.device.isGpu() ? 10 : 3);
  if (!measured)
    return measured.error();
  const Plan &plan = ready->kernel.plan();
  const AttentionShape &shape = problem.shape();
  double allPairs = double(problem.query().tokenCount()) * double(problem.key().tokenCount()) *
                    double(shape.heads) * double(shape.batch);
  double milliseconds = measured->median();
  return DemoRow{name,
                 double(plan.keptPairs) / allPairs,
                 *ready,
                 milliseconds,
                 teraflops(plan.keptPairs, shape.headDim, milliseconds),
                 checkSample(problem, inputs, measured->outputs, {.rows = 64, .heads = 2})};
}

void print(Console &console, const std::vector<DemoRow> &rows) {
  console.line("");
  console.line("{:<8} {:>8} {:>11} {:>10} {:>9} {:>8} {:>12} {:>8}", "pattern", "kept", "compiled",
               "time", "TFLOP/s", "speedup", "fp64 error", "check");
  double dense = rows.back().milliseconds;
  for (const DemoRow &row : rows) {
    console.line("{:<8} {:>7.1f}% {:>8.0f} ms {:>7.2f} ms {:>9.3f} {:>7.2f}x {:>12.2e} {:>8}",
                 row.name, 100 * row.density, row.ready.compileMs, row.milliseconds, row.rate,
                 dense / row.milliseconds, row.checked.outputError,
                 row.checked.passed() ? "passed" : "FAILED");
    console.document["rows"].push_back({{"pattern", row.name},
                                        {"density", row.density},
                                        {"compileMs", row.ready.compileMs},
                                        {"medianMs", row.milliseconds},
                                        {"teraflops", row.rate},
                                        {"speedup", dense / row.milliseconds},
                                        {"outputError", row.checked.outputError},
                                        {"outputLimit", row.checked.outputLimit},
                                        {"lseError", row.checked.lseError},
                                        {"passed", row.checked.passed()}});
    if (!row.checked.passed())
      console.note("{}: {}", row.name, row.checked.failure);
  }
  console.line("");
}

/// Compiles the same pattern for sm_80, which needs no GPU, and writes what comes out.
Status emitForGpu(const DemoOptions &options, const Problem &problem, Console &console) {
  auto target = Target::parse("sm_80");
  if (!target)
    return target.error();
  if (std::error_code failure = llvm::sys::fs::create_directories(options.folder))
    return unwritable(options.folder, failure.message());
  auto schedule = chooseSchedule({}, problem, *target);
  if (!schedule)
    return schedule.error();
  auto write = [&](Level level, const char *extension) -> Status {
    auto text = emit(problem, *schedule, *target, level, options.compiler);
    if (!text)
      return text.error();
    std::string path = options.folder + "/radial-sm_80." + extension;
    if (Status status = writeFile(path, *text); !status)
      return status;
    console.document["wrote"].push_back(path);
    console.line("wrote    {} ({} bytes)", path, text->size());
    return {};
  };
  if (Status status = write(Level::Ptx, "ptx"); !status)
    return status;
  if (auto ptxas = findPtxas(options.compiler.ptxas); ptxas)
    return write(Level::Cubin, "cubin");
  else
    console.line("no cubin: {}", ptxas.error().text());
  return {};
}

Result<int> runDemo(const DemoOptions &options, Console &console) {
  auto place = choosePlace(options.target, 0);
  if (!place)
    return place.error();
  auto clip = demoClip(place->device.isGpu());
  if (!clip)
    return clip.error();
  PatternOptions radialOptions;
  radialOptions.rounding = PatternRounding::Reference;
  radialOptions.sink = clip->sink;
  auto radial = patternByName("radial", radialOptions, clip->layout);
  if (!radial)
    return radial.error();
  describe(console, *clip, *radial);

  Problem dense = attention(clip->layout, clip->shape);
  Problem sparse = dense.where(*radial);
  console.document["target"] = place->target.name;
  console.document["device"] = place->device.name();
  console.line("target   {} on {}, {}", place->target.name, place->device.name(),
               elementName(clip->shape.element));
  Inputs inputs = randomInputs(sparse, AxisOrder::Bshd, 1);
  std::vector<DemoRow> rows;
  for (auto [name, problem] : {std::pair("radial", &sparse), {"dense", &dense}}) {
    auto row = runRow(name, *problem, *place, inputs, options.compiler);
    if (!row)
      return row.error();
    rows.push_back(std::move(*row));
  }
  print(console, rows);

  AttentionShape half = clip->shape;
  half.element = Element::BF16;
  if (Status status = emitForGpu(options, attention(clip->layout, half).where(*radial), console);
      !status)
    return status.error();
  bool passed = rows[0].checked.passed() && rows[1].checked.passed();
  return passed ? 0 : int(ErrorCode::ResultFailed);
}

} // namespace

Action addDemoCommand(CLI::App &app) {
  auto options = std::make_shared<DemoOptions>();
  addText(app, "--target", options->target, "Where to run (default: this machine's best)")
      ->type_name("NAME");
  addText(app, "--out", options->folder, "The folder that PTX and cubin are written to")
      ->type_name("FOLDER")
      ->default_str(options->folder)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  declareCompilerOptions(app, options->compiler);
  app.footer(R"(Examples:
  halftone demo
  halftone demo --target cpu --out /tmp/demo)");
  return [options](Console &console) { return runDemo(*options, console); };
}

} // namespace halftone::cli
