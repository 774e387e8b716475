// Candidates that misbehave, one of each kind among fifty: on the GPU itself, and on the CPU those
// that need none.

#include "tests/autotune/TuneFolder.h"
#include "tests/gpu/GpuTest.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

using namespace halftone;
using namespace halftone::test;

namespace {

using Clock = std::chrono::steady_clock;

struct Fault {
  std::string kind; ///< as FaultyBackend knows it
  Verdict verdict;
  bool hangs = false;
};
const std::vector<Fault> ofWorkers = {
    {"compile-hangs", Verdict::CompileHang, true},
    {"is-killed", Verdict::WorkerDied},
    {"garbage", Verdict::Garbage},
};
const std::vector<Fault> ofKernels = {
    {"wrong", Verdict::WrongResult},         {"overwrites", Verdict::Overwrites},
    {"hangs", Verdict::Hang, true},          {"illegal-address", Verdict::IllegalAddress},
    {"misaligned", Verdict::Misaligned},     {"asserts", Verdict::Assert},
    {"traps", Verdict::LaunchFailed},        {"no-ptx", Verdict::CompileFailed},
    {"out-of-memory", Verdict::OutOfMemory},
};
constexpr double longestCompile = 6, longestMeasure = 5;

std::string codeOf(const Standing &standing) { return standing.candidate.schedule.code().text(); }

/// A search, and how long it took.
struct Searched {
  TuneReport report;
  double seconds = 0;

  const Standing &winner() const { return report.search.standings[*report.search.winner]; }
};

Searched search(const Problem &problem, const Target &target, const TuneOptions &options) {
  StopSignal stop;
  auto start = Clock::now();
  Result<TuneReport> report = tune(problem, target, options, stop);
  if (!report)
    FAIL(report.error().text());
  Searched searched{std::move(*report),
                    std::chrono::duration<double>(Clock::now() - start).count()};
  REQUIRE(searched.report.search.winner);
  return searched;
}

/// What the search without faults screened first, except for the default and the best, misbehaves.
std::map<std::string, Fault> assign(const TuneFolder &folder, const Searched &clean,
                                    const std::vector<Fault> &faults) {
  std::map<std::string, Fault> assigned;
  std::set<std::string> taken{codeOf(clean.winner()), codeOf(clean.report.search.standard())};
  std::string text, uncompiled;
  for (const Standing &standing : clean.report.search.standings) {
    std::string schedule = standing.candidate.schedule.text();
    if (assigned.size() == faults.size() || !isTimed(standing.verdict) ||
        &standing == &clean.report.search.standard() || &standing == &clean.winner())
      continue;
    // What cannot be compiled takes the other orders of work with it: here, none that matter.
    bool isCompiled = faults[assigned.size()].verdict != Verdict::CompileHang;
    if (codeOf(standing) == uncompiled || (!isCompiled && taken.contains(codeOf(standing))))
      continue;
    if (!isCompiled)
      uncompiled = codeOf(standing);
    taken.insert(codeOf(standing));
    const Fault &fault = faults[assigned.size()];
    text += fault.kind + "|" + schedule + "\n";
    assigned.emplace(schedule, fault);
  }
  REQUIRE(assigned.size() == faults.size());
  folder.write("faults", text);
  return assigned;
}

/// The right one wins: as fast as the winner of a search without faults, in turns with it.
void checkWinner(const Problem &problem, const Target &target, TuneOptions options,
                 const Searched &clean, const Searched &found) {
  const Schedule &right = clean.winner().candidate.schedule,
                 &schedule = found.winner().candidate.schedule;
  if (right == schedule)
    return;
  options.raced = {right, schedule};
  options.sweep = false;
  options.journal.clear();
  Searched raced = search(problem, target, options);
  double rightMs = 0, foundMs = 0;
  for (const Standing &standing : raced.report.search.standings) {
    if (standing.candidate.schedule == right)
      rightMs = standing.milliseconds;
    if (standing.candidate.schedule == schedule)
      foundMs = standing.milliseconds;
  }
  CHECK(foundMs > 0);
  CHECK(foundMs <= rightMs * 1.05);
}

void searchAmongFaults(const Problem &problem, const Target &target,
                       const std::vector<Fault> &faults, int64_t candidates) {
  TuneFolder folder;
  TuneOptions options;
  options.worker = {"/proc/self/exe", "--faulty-worker", folder.path()};
  options.budget = {.seconds = 0, .candidates = candidates};
  options.sweep = true; // a guided search may be done with fewer
  options.timeouts = {
      .open = 60, .compile = longestCompile, .firstMeasure = 30, .measure = longestMeasure};
  Searched clean = search(problem, target, options);
  std::map<std::string, Fault> assigned = assign(folder, clean, faults);

  options.journal = folder.path("journal");
  Searched found = search(problem, target, options);
  CHECK(int64_t(found.report.search.standings.size()) == candidates);
  std::string uncompiled;
  for (const auto &[schedule, fault] : assigned)
    if (fault.verdict == Verdict::CompileHang)
      uncompiled = Schedule::parse(schedule)->code().text();
  size_t met = 0;
  double timeouts = 0;
  for (const Standing &standing : found.report.search.standings) {
    auto fault = assigned.find(standing.candidate.schedule.text());
    if (fault == assigned.end()) {
      CHECK_MESSAGE((isTimed(standing.verdict) ||
                     (standing.verdict == Verdict::CompileHang && codeOf(standing) == uncompiled)),
                    standing.reason);
      continue;
    }
    CAPTURE(fault->second.kind);
    MESSAGE(fault->second.kind << ": " << verdictName(standing.verdict) << ", " << standing.reason);
    CHECK(verdictName(standing.verdict) == verdictName(fault->second.verdict));
    ++met;
    if (fault->second.hangs)
      timeouts += fault->second.verdict == Verdict::CompileHang ? longestCompile : longestMeasure;
  }
  CHECK(met == assigned.size());
  MESSAGE(met << " faults among " << found.report.search.standings.size()
              << " candidates: " << found.seconds << " s, without them " << clean.seconds << " s");
  CHECK(found.seconds <= clean.seconds + timeouts + 10);
  CHECK(folder.processesLeft() == std::vector<int>());
  CHECK_FALSE(std::filesystem::exists(folder.path("journal.work")));
  checkWinner(problem, target, options, clean, found);

  // Started again, no fault that hung is met a second time.
  options.sweep = false;
  for (const auto &[schedule, fault] : assigned)
    if (fault.hangs)
      options.raced.push_back(*Schedule::parse(schedule));
  size_t before = folder.lines("log").size(), known = 0;
  Searched again = search(problem, target, options);
  std::vector<std::string> log = folder.lines("log");
  for (const Standing &standing : again.report.search.standings) {
    std::string schedule = standing.candidate.schedule.text();
    auto fault = assigned.find(schedule);
    if (fault == assigned.end() || !fault->second.hangs)
      continue;
    ++known;
    CHECK(standing.verdict == Verdict::KnownFault);
    CHECK(std::none_of(log.begin() + std::ptrdiff_t(before), log.end(),
                       [&](const std::string &line) { return line.ends_with("|" + schedule); }));
  }
  CHECK(known == options.raced.size());
  // Gone on with, nothing is measured again.
  options.resume = true;
  before = log.size();
  search(problem, target, options);
  CHECK(folder.lines("log").size() == before);
  CHECK(folder.processesLeft() == std::vector<int>());
}

Problem near(AttentionShape shape) {
  Layout line = Layout::sequence(1500);
  auto [q, k] = line.tokens();
  return attention(line, shape).where(abs(q.index() - k.index()) <= 300);
}

} // namespace

TEST_CASE("faults on the GPU are told apart, passed over, and leave no process") {
  std::optional<Device> device = gpuOrSkip();
  if (!device)
    return;
  std::vector<Fault> faults = ofKernels;
  faults.insert(faults.end(), ofWorkers.begin(), ofWorkers.end());
  // Kernels with one parameter, so that a faulty one can take their place.
  Target target = need(Target::parse("sm_" + std::to_string(device->computeCapability())));
  searchAmongFaults(near({.heads = 4, .headDim = 64, .lse = true}), target, faults, 50);
}

TEST_CASE("faults of workers on the CPU are told apart, passed over, and leave no process") {
  searchAmongFaults(near({.heads = 1, .headDim = 16, .element = Element::F32}), Target::cpu(),
                    ofWorkers, 16);
}
