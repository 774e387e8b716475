#include "autotune/ConfigurationStore.h"
#include "autotune/DeviceFacts.h"
#include "autotune/KeyOf.h"
#include "cli/AtomicFile.h"
#include "cli/Budget.h"
#include "cli/Commands.h"
#include "cli/DenseTime.h"
#include "cli/HostTensor.h"
#include "cli/Machine.h"
#include "cli/OptionValues.h"
#include "cli/ProblemOptions.h"
#include "cli/TunePage.h"
#include "cli/TuneProgress.h"
#include "cli/TuneReport.h"
#include "dsl/TileMap.h"
#include "kernels/Assembler.h"

#include <llvm/Support/Signals.h>

#include <charconv>
#include <filesystem>
#include <memory>

namespace halftone::cli {
namespace {

struct Options {
  ProblemOptions problem;
  std::string target, budget, devices, journal, report, ptxas, l2 = "warm";
  int64_t gpu = 0, seed = 1;
  std::vector<std::string> race; ///< schedules
  bool resume = false, force = false, noDense = false, exhaustive = false;
};

constexpr const char *standardBudget = "60s";

/// The budget as it is given, or what it is without: a sweep and a race have no end of their own.
Result<Budget> budgetOf(const Options &options) {
  if (options.budget.empty() && (options.exhaustive || !options.race.empty()))
    return Budget{.seconds = 0, .candidates = 0};
  return parseBudget(options.budget.empty() ? standardBudget : options.budget);
}

/// Share of a budget in seconds that the search itself has where the dense pattern is timed too,
/// and where it is not: what is begun in time still has to end.
constexpr double searchShare = 0.85, onlySearchShare = 0.95;

// Ctrl-C reaches the search here: the handler can be given nothing else.
StopSignal *interrupted = nullptr;
void raiseInterrupted() { interrupted->raise(); }

/// The GPUs that --devices names: all of them, or a list.
Result<std::vector<int>> chooseDevices(const Options &options, const Target &target) {
  if (options.devices.empty())
    return std::vector<int>{target.kind == Target::Kind::Cpu ? 0 : int(options.gpu)};
  if (target.kind == Target::Kind::Cpu)
    return misuse("--devices names GPUs, and the target is cpu", "leave it out");
  Result<int> count = Device::gpuCount();
  if (!count)
    return count.error();
  std::vector<int> chosen;
  if (options.devices == "all") {
    for (int i = 0; i < *count; ++i)
      chosen.push_back(i);
    return chosen;
  }
  std::string_view list = options.devices;
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(',', begin), list.size());
    std::string_view word = list.substr(begin, end - begin);
    int device = -1;
    auto [rest, failure] = std::from_chars(word.data(), word.data() + word.size(), device);
    if (failure != std::errc() || rest != word.data() + word.size() || device < 0 ||
        device >= *count)
      return misuse(fmt::format("--devices `{}`: there is no GPU `{}`", list, word),
                    "use `all`, or numbers of `halftone doctor` such as 0,1");
    if (std::find(chosen.begin(), chosen.end(), device) != chosen.end())
      return misuse(fmt::format("--devices `{}` names GPU {} twice", list, device), "name it once");
    chosen.push_back(device);
    begin = end + 1;
  }
  return chosen;
}

/// The key under which the result is kept.
Key keyFor(const Problem &problem, const Place &place, const Options &options,
           const Assembler &assembler) {
  return keyOf(problem, place.target.name, Hardware::of(place.device),
               Toolchain::ofThisBuild(assembler.versionOn(place.device)),
               fmt::format("l2={}", options.l2));
}

/// Where the journal is, unless one is named: in the user's cache folder, by the key.
std::string defaultJournal(const CacheLocation &location, const Key &key, Console &console) {
  if (location.userFolder.empty())
    return {};
  std::filesystem::path folder = std::filesystem::path(location.userFolder) / "journals";
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    console.note("no journal is kept: cannot make the folder {}: {}", folder.string(),
                 failure.message());
    return {};
  }
  return (folder / (key.hash().substr(0, 24) + ".jsonl")).string();
}

Measured measuredOf(const Standing &standing) {
  return {standing.candidate.schedule, standing.milliseconds,
          standing.milliseconds * standing.spread};
}

Configuration configurationOf(const Key &key, const Problem &problem, const TuneReport &report) {
  const SearchResult &search = report.search;
  const Standing &best = search.standings[*search.winner];
  Configuration configuration;
  configuration.key = key;
  configuration.problem = problem.text();
  configuration.best = measuredOf(best);
  std::vector<Measured> others;
  for (size_t i = 0; i < search.standings.size(); ++i)
    if (i != *search.winner && search.standings[i].verdict == Verdict::Measured)
      others.push_back(measuredOf(search.standings[i]));
  std::sort(others.begin(), others.end(), [](const Measured &a, const Measured &b) {
    return a.medianMilliseconds < b.medianMilliseconds;
  });
  others.resize(std::min<size_t>(others.size(), 8));
  configuration.runnersUp = std::move(others);
  if (search.standard().raced)
    configuration.defaultScheduleMilliseconds = search.standard().milliseconds;
  configuration.device = report.machine.name;
  if (int driver = report.machine.driverVersion)
    configuration.driver = fmt::format("{}.{}", driver / 1000, driver % 1000 / 10);
  configuration.smClockMHz = int64_t(best.clockMhz);
  configuration.timings = best.timings;
  configuration.when = timeNow();
  return configuration;
}

bool keepsAny(const Problem &problem) {
  for (int64_t batch = 0; batch < problem.shape().batch; ++batch)
    for (int64_t head = 0; head < problem.shape().heads; ++head)
      if (keptPairs(problem, batch, head) > 0)
        return true;
  return false;
}

Status checkOptions(const Options &options) {
  if (options.gpu < 0 || options.gpu > 1023)
    return misuse(fmt::format("--gpu {} is not 0 to 1023", options.gpu),
                  "`halftone doctor` lists the GPUs");
  if (options.seed < 0)
    return misuse(fmt::format("--seed {} is negative", options.seed), "use 0 or more");
  if (options.l2 != "warm" && options.l2 != "cold")
    return misuse(fmt::format("--l2 `{}` is neither warm nor cold", options.l2), "use one of them");
  if (!options.report.empty() && options.report == options.journal)
    return misuse(fmt::format("--report and --journal are both `{}`", options.report),
                  "name two files");
  if (options.exhaustive && !options.race.empty())
    return misuse("--exhaustive measures every schedule, and --race a few", "leave one out");
  // A file that cannot be written is told before anything is measured.
  return options.report.empty() ? Status() : AtomicFile::probe(options.report);
}

std::string methodText(const Options &options) {
  std::string budget = options.budget.empty() ? standardBudget : options.budget;
  if (options.exhaustive)
    return "every schedule" + (options.budget.empty() ? "" : ", budget " + budget);
  return options.race.empty() ? "budget " + budget : "a race of named schedules";
}

Status writeReport(const Options &options, const ChosenProblem &chosen, const Target &target,
                   const Tuned &tuned, Console &console) {
  auto page = tunePage(chosen, target, tuned,
                       fmt::format("{}, seed {}, second-level cache {}", methodText(options),
                                   options.seed, options.l2));
  if (!page)
    return page.error();
  if (Status status = writeFile(options.report, *page); !status)
    return status;
  console.document["report"] = options.report;
  console.line("report   {}", options.report);
  return {};
}

Result<int> run(const Options &options, Console &console) {
  if (Status status = checkOptions(options); !status)
    return status.error();
  Result<Budget> budget = budgetOf(options);
  if (!budget)
    return budget.error();
  auto chosen = options.problem.choose(console, Element::BF16);
  if (!chosen)
    return chosen.error();
  auto place = choosePlace(options.target, int(options.gpu));
  if (!place)
    return place.error();
  if (!place->device.isGpu())
    chosen = options.problem.choose(console, Element::F32);
  if (!chosen)
    return chosen.error();
  const Problem &problem = chosen->problem;
  if (!keepsAny(problem))
    return misuse("the pattern keeps nothing", "a comparison may be the wrong way round");
  auto devices = chooseDevices(options, place->target);
  if (!devices)
    return devices.error();
  if (Status status = checkMemory(problem); !status)
    return status.error();

  TuneOptions tuning;
  tuning.budget = *budget;
  tuning.seed = uint64_t(options.seed);
  tuning.coldCache = options.l2 == "cold";
  tuning.worker = {"/proc/self/exe", "tune-worker"};
  tuning.devices = *devices;
  tuning.sweep = options.exhaustive;
  for (const std::string &text : options.race) {
    Result<Schedule> schedule = Schedule::parse(text);
    if (!schedule)
      return schedule.error();
    tuning.raced.push_back(*schedule);
  }
  tuning.resume = options.resume;
  tuning.force = options.force;
  Result<Assembler> assembler = Assembler::of(place->target, &place->device, options.ptxas);
  if (!assembler)
    return assembler.error();
  tuning.ptxas = assembler->ptxas;

  Key key = keyFor(problem, *place, options, *assembler);
  CacheLocation location = CacheLocation::find();
  ConfigurationStore store(location);
  // A race is asked for its times, whatever is known.
  bool isRace = !options.race.empty();
  if (!options.force && !options.resume && !isRace) {
    Lookup known = store.get(key);
    if (known.match == Lookup::Match::Hit && !options.report.empty())
      return misuse(fmt::format("--report `{}`: the cache has the answer ({}), so there is no "
                                "search to report on",
                                options.report, known.text()),
                    "--resume reports on the journal of the last search, --force tunes again");
    if (known.match == Lookup::Match::Hit) {
      const Measured &best = known.configuration->best;
      console.document = {
          {"problem", problem.text()},
          {"target", place->target.name},
          {"known", known.text()},
          {"best",
           {{"schedule", best.schedule.text()}, {"milliseconds", best.medianMilliseconds}}}};
      console.line("best     {}", best.schedule.text());
      console.line("         {:.4g} ms, {}; --force tunes again", best.medianMilliseconds,
                   known.text());
      return 0;
    }
  }
  tuning.journal =
      options.journal.empty() && !isRace ? defaultJournal(location, key, console) : options.journal;
  if (options.resume && tuning.journal.empty())
    return misuse("there is no folder for journals to resume from", "name one with --journal");
  double denseGuess = guessDenseSeconds(problem, machineFacts(place->device));
  // Workers have a device to themselves: this process only asked which one.
  place->device = Device::cpu();

  StopSignal stop;
  interrupted = &stop;
  llvm::sys::SetInterruptFunction(raiseInterrupted);
  Tuned tuned;
  tuned.journal = tuning.journal;
  bool timesDense = !options.noDense && problem.pattern().text() != Pattern::dense().text();
  double seconds = tuning.budget.seconds;
  // A dense pattern that would take longer than its share is not timed: the search has all.
  bool denseFits = timesDense && denseGuess <= (1 - searchShare) * seconds;
  tuning.budget.seconds *= denseFits ? searchShare : onlySearchShare;
  {
    TuneProgress progress(console, tuning.budget);
    tuning.onOutcome = [&](const Trial &trial, const Outcome &outcome) {
      progress.outcome(trial, outcome);
    };
    tuning.onNote = [&](const std::string &text) { progress.note(text); };
    auto report = tune(problem, place->target, tuning, stop);
    if (!report)
      return report.error();
    tuned.report = std::move(*report);
  }
  const SearchResult &search = tuned.report.search;
  if (!tuned.report.trouble)
    console.note("the search ended early: {}", tuned.report.trouble.error().text());
  // The best of a few that were named need not be the best of what is known.
  if (search.winner && search.standings[*search.winner].raced && !isRace) {
    if (Status status = store.put(configurationOf(key, problem, tuned.report)); !status)
      return status.error();
    tuned.kept = location.userFolder.empty() ? "" : location.userFolder;
    for (const std::string &warning : store.takeWarnings())
      console.note("{}", warning);
  }
  if (timesDense && search.winner && !stop.isRaised())
    timeDense(problem, place->target, tuning, seconds, stop, tuned);
  reportTuned(console, *chosen, place->target, tuned);
  if (!options.report.empty())
    if (Status status = writeReport(options, *chosen, place->target, tuned, console); !status)
      return status.error();
  if (stop.isRaised())
    return 130;
  if (!search.winner) {
    const Standing &standard = search.standard();
    return Error{ErrorCode::NoCandidate,
                 fmt::format("{}; the default schedule: {}: {}", search.why,
                             verdictName(standard.verdict), standard.reason),
                 {},
                 tuned.journal.empty() ? "" : fmt::format("{} says why", tuned.journal)};
  }
  return 0;
}

} // namespace

Action addTuneCommand(CLI::App &app) {
  auto options = std::make_shared<Options>();
  options->problem.declare(app);
  addTarget(app, options->target);
  addText(app, "--budget", options->budget, "A time (60s, 5m), or a number (`40 candidates`)")
      ->default_str(standardBudget);
  app.add_flag("--exhaustive", options->exhaustive,
               "Measure every schedule of the space, and race all near the best; without --budget "
               "it takes as long as it takes");
  app.add_option(
         "--race", options->race,
         "Measure this schedule, written as this command prints it, in turns with the default "
         "and the others that are named so, and nothing else; nothing is kept")
      ->type_name("SCHEDULE")
      ->allow_extra_args(false);
  addWhole(app, "--seed", options->seed, "Seed of the inputs and of what is tried by chance");
  CLI::Option *devices = addText(app, "--devices", options->devices,
                                 "Measure on several GPUs at once: `all`, or numbers such as 0,1")
                             ->type_name("LIST");
  addWhole(app, "--gpu", options->gpu, "The GPU to use, as `halftone doctor` numbers them")
      ->excludes(devices);
  addText(app, "--journal", options->journal,
          "Record each candidate here (default: in the cache folder)")
      ->type_name("FILE");
  addText(app, "--report", options->report,
          "Write a page that says all of the search: plots, every candidate, what was left out")
      ->type_name("FILE");
  app.add_flag("--resume", options->resume,
               "Go on from the journal of a search that was interrupted");
  app.add_flag("--force", options->force,
               "Tune although the cache has the answer, and try what hung before again");
  addText(app, "--l2", options->l2,
          "warm: launches follow each other; cold: the second-level cache is flushed before each")
      ->type_name("STATE")
      ->default_str("warm");
  app.add_flag("--no-dense", options->noDense, "Do not time the dense pattern for comparison");
  addText(app, "--ptxas", options->ptxas,
          "The ptxas to use; `none` leaves PTX for the driver (default: look for one)")
      ->type_name("FILE");
  app.footer(R"(Examples:
  halftone tune --frames 4 --height 16 --width 16 --pattern radial --target cpu --budget 20s
  halftone tune --preset wan2.1-14b:1280x720x81 --pattern radial --budget 60s \
      --report radial.html
  halftone tune --preset hunyuan:1280x768x117 --pattern radial --devices all --resume)");
  return [options](Console &console) { return run(*options, console); };
}

} // namespace halftone::cli
