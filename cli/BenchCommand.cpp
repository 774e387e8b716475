#include "cli/AtomicFile.h"
#include "cli/Commands.h"
#include "cli/Comparison.h"
#include "cli/CompilerOptions.h"
#include "cli/DecayingInputs.h"
#include "cli/Execution.h"
#include "cli/GivenTensors.h"
#include "cli/OptionValues.h"
#include "cli/ScheduleOption.h"

namespace halftone::cli {
namespace {

struct BenchOptions {
  ProblemOptions problem;
  CompileOptions compiler;
  std::string compare, target, input, order = "bshd", out, report;
  int64_t gpu = 0, seed = 1, repeat = 5, rows = 256, heads = 4;
  bool quality = false;
};

Status checkNumbers(const BenchOptions &options) {
  for (auto [value, name] : {std::pair(options.repeat, "--repeat"),
                             {options.rows, "--rows"},
                             {options.heads, "--sampled-heads"}})
    if (value < 1 || value > 1000000)
      return misuse(fmt::format("{} {} is not 1 to 1000000", name, value), "leave it out");
  if (options.gpu < 0 || options.gpu > 1023)
    return misuse(fmt::format("--gpu {} is not 0 to 1023", options.gpu),
                  "`halftone doctor` lists the GPUs");
  return {};
}

/// Files that cannot be written are told before anything is measured.
Status checkFiles(const BenchOptions &options) {
  for (const std::string &path : {options.out, options.report})
    if (!path.empty())
      if (Status status = AtomicFile::probe(path); !status)
        return status;
  return {};
}

/// The number of the dense pattern, which is added where it is not among them.
size_t withDense(std::vector<ChosenProblem> &problems) {
  for (size_t i = 0; i < problems.size(); ++i)
    if (problems[i].problem.pattern() == Pattern::dense())
      return i;
  ChosenProblem dense = problems.front();
  dense.name = "dense";
  dense.problem = dense.problem.where(Pattern::dense());
  problems.push_back(std::move(dense));
  return problems.size() - 1;
}

Result<Comparison::Row> measure(const ChosenProblem &chosen, const Place &place,
                                const Inputs &inputs, const BenchOptions &options,
                                Console &console) {
  const Problem &problem = chosen.problem;
  auto schedule = chooseScheduleHere(console, {}, problem, place, options.compiler);
  if (!schedule)
    return schedule.error();
  auto ready = prepare(problem, schedule->schedule, place, options.compiler);
  if (!ready)
    return ready.error();
  const Plan &plan = ready->kernel.plan();
  if (plan.keptPairs == 0)
    return misuse(fmt::format("the pattern {} keeps nothing", chosen.name),
                  "a comparison may be the wrong way round");
  auto measured = execute(ready->kernel, place, inputs, int(options.repeat));
  if (!measured)
    return measured.error();
  const AttentionShape &shape = problem.shape();
  double allPairs = double(problem.query().tokenCount()) * double(problem.key().tokenCount()) *
                    double(shape.heads) * double(shape.batch);
  Comparison::Row row;
  row.name = chosen.name;
  row.where = problem.pattern().text();
  row.mask = chosen.blockMask(0, 0);
  row.keptPairs = plan.keptPairs;
  row.density = double(plan.keptPairs) / allPairs;
  row.covered = double(plan.coveredPairs) / allPairs;
  row.milliseconds = measured->milliseconds;
  row.cpuMilliseconds = measured->cpuMilliseconds;
  row.teraflops = teraflops(plan.keptPairs, shape.headDim, measured->median());
  row.schedule = ready->kernel.image().schedule.text();
  row.checked = checkSample(problem, inputs, measured->outputs,
                            {.rows = 64, .heads = 2, .seed = uint64_t(options.seed)});
  return row;
}

/// The tensors of a file, or made up: with --quality such that attention is as in a video model.
Result<Inputs> tensorsFor(const Problem &problem, std::optional<Inputs> given, AxisOrder order,
                          const BenchOptions &options) {
  if (given) {
    if (Status status = fit(*given, problem); !status)
      return status.error();
    return std::move(*given);
  }
  if (Status status = checkMemory(problem); !status)
    return status.error();
  return options.quality ? decayingInputs(problem, order, uint64_t(options.seed))
                         : randomInputs(problem, order, uint64_t(options.seed));
}

Status write(const BenchOptions &options, const Comparison &comparison, Console &console) {
  if (!options.out.empty()) {
    if (Status status = writeFile(options.out, console.document.dump(2) + "\n"); !status)
      return status;
    console.line("wrote    {}", options.out);
  }
  if (options.report.empty())
    return {};
  auto page = comparisonPage(comparison);
  if (!page)
    return page.error();
  if (Status status = writeFile(options.report, *page); !status)
    return status;
  console.line("wrote    {}", options.report);
  return {};
}

Result<int> bench(const BenchOptions &options, Console &console) {
  if (options.compare.empty())
    return misuse("nothing to compare", "add --compare radial,window,dense");
  if (Status status = checkNumbers(options); !status)
    return status.error();
  auto order = parseAxisOrder(options.order);
  if (!order)
    return order.error();
  ProblemOptions problemOptions = options.problem;
  problemOptions.lse = true;
  std::optional<Inputs> given;
  if (!options.input.empty()) {
    auto read = readInputs(options.input, *order, problemOptions);
    if (!read)
      return read.error();
    given = std::move(*read);
  }
  if (Status status = checkFiles(options); !status)
    return status.error();

  // A mistake in the patterns is told before a missing GPU is.
  Element element = given ? given->q.element : Element::BF16;
  auto problems = problemOptions.chooseSeveral(console, element, options.compare);
  if (!problems)
    return problems.error();
  auto place = choosePlace(options.target, int(options.gpu));
  if (!place)
    return place.error();
  if (!given && !place->device.isGpu()) {
    problems = problemOptions.chooseSeveral(console, Element::F32, options.compare);
    if (!problems)
      return problems.error();
  }
  Comparison comparison;
  comparison.dense = withDense(*problems);
  const Problem &first = problems->front().problem;
  const AttentionShape &shape = first.shape();
  comparison.layout = first.query().text();
  comparison.tensors = fmt::format("{} heads of {} key/value heads, head dim {}, {}", shape.heads,
                                   first.kvHeads(), shape.headDim, elementName(shape.element));
  comparison.target = place->target.name;
  comparison.device = place->device.name();
  auto inputs = tensorsFor(first, std::move(given), *order, options);
  if (!inputs)
    return inputs.error();

  for (const ChosenProblem &chosen : *problems) {
    auto row = measure(chosen, *place, *inputs, options, console);
    if (!row)
      return row.error();
    comparison.rows.push_back(std::move(*row));
  }
  if (options.quality) {
    std::vector<Quality> qualities =
        attentionQuality(*problems, *inputs, {options.rows, options.heads, uint64_t(options.seed)});
    for (size_t i = 0; i < qualities.size(); ++i)
      comparison.rows[i].quality = std::move(qualities[i]);
  }

  console.document = benchmarkDocument(comparison);
  console.line("layout   {}, {} tokens", comparison.layout, first.query().tokenCount());
  console.line("tensors  {}", comparison.tensors);
  console.line("target   {} on {}", comparison.target, comparison.device);
  if (!console.json)
    console.raw("\n" + comparisonTable(comparison) + "\n");
  if (Status status = write(options, comparison, console); !status)
    return status.error();
  bool passed = true;
  for (const Comparison::Row &row : comparison.rows)
    if (!row.checked.passed()) {
      passed = false;
      console.note("{}: {}", row.name, row.checked.failure);
    }
  return passed ? 0 : int(ErrorCode::ResultFailed);
}

} // namespace

Action addBenchCommand(CLI::App &app) {
  auto options = std::make_shared<BenchOptions>();
  options->problem.declare(app);
  addText(
      app, "--compare", options->compare,
      "The patterns, by their names with commas between, NAME or NAME:ROUNDING, and `where` for "
      "that of --where; dense is always among them")
      ->type_name("NAMES");
  addTarget(app, options->target);
  addWhole(app, "--gpu", options->gpu, "The GPU to use, as `halftone doctor` numbers them");
  CLI::Option *input = addText(app, "--input", options->input,
                               "Read q, k and v from a .safetensors file (F32, F16 or BF16)")
                           ->type_name("FILE");
  addWhole(app, "--seed", options->seed, "Seed of the q, k and v that are made up")
      ->excludes(input);
  addText(app, "--layout", options->order,
          "Order of the axes in memory: bshd ([batch, token, head, depth]) or bhsd")
      ->type_name("ORDER")
      ->default_str("bshd");
  addWhole(app, "--repeat", options->repeat, "Timed launches, after one to warm up");
  app.add_flag("--quality", options->quality,
               "Also say what each pattern keeps of the attention, and how far its output is from "
               "dense; without --input, of tensors whose attention decays with distance");
  addWhole(app, "--rows", options->rows, "Queries of a head that --quality looks at");
  addWhole(app, "--sampled-heads", options->heads, "Heads that --quality looks at");
  addText(app, "--out", options->out, "Write the JSON document, in Google Benchmark's format")
      ->type_name("FILE");
  addText(app, "--report", options->report, "Write a page with bars, a plot and mask pictures")
      ->type_name("FILE");
  declareCompilerOptions(app, options->compiler);
  app.footer(R"(Examples:
  halftone bench --compare radial,window,dense --frames 8 --height 16 --width 16 --target cpu
  halftone bench --compare radial:reference,radial,spatial --preset wan2.1-14b:1280x768x69 \
      --quality --out compare.json --report compare.html)");
  return [options](Console &console) { return bench(*options, console); };
}

} // namespace halftone::cli
