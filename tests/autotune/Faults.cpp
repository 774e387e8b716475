// Candidates that misbehave in real processes, one of each kind among fifty.

#include "tests/autotune/FakeLandscape.h"
#include "tests/autotune/TuneFolder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>

using namespace halftone;
using namespace halftone::test;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Fault {
  const char *kind;
  Verdict verdict;
  const char *reason;
  bool hangs = false;
};
constexpr Fault faults[] = {
    {"compile-fails", Verdict::CompileFailed, "made up"},
    {"compile-hangs", Verdict::CompileHang, "no answer in ", true},
    {"wrong", Verdict::WrongResult, "off by 1"},
    {"hangs", Verdict::Hang, "no answer in ", true},
    {"segfaults", Verdict::IllegalAddress,
     "the worker was killed by signal 11 (Segmentation fault)"},
    {"illegal-address", Verdict::IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS, 700"},
    {"misaligned", Verdict::Misaligned, "the worker was killed by signal 7 (Bus error)"},
    {"asserts", Verdict::Assert,
     "the worker was killed by signal 6 (Aborted); it last said: worker: assertion `i < n` failed"},
    {"out-of-memory", Verdict::OutOfMemory, "no 8 GiB"},
    {"is-killed", Verdict::WorkerDied, "the worker was killed by signal 9 (Killed)"},
    {"exits", Verdict::WorkerDied, "the worker ended with code 3"},
    {"garbage", Verdict::Garbage, "the worker's answer of 11 bytes is none"},
    {"impossible-time", Verdict::Garbage, "the worker's answer of 53 bytes is none"},
    {"floods", Verdict::Garbage, "the worker's answer has no end"},
};

/// A schedule for each fault, with code of its own: the space's, those near the summit too, but
/// never the summit.
std::map<std::string, Fault> assign(const TuneFolder &folder) {
  Space space = Space::of(tunedProblem(), tunedTarget());
  std::vector<Schedule> schedules(space.schedules().begin() + 1, space.schedules().end());
  std::sort(schedules.begin(), schedules.end(), [](const Schedule &a, const Schedule &b) {
    return std::pair(fakeMilliseconds(a), a.text()) < std::pair(fakeMilliseconds(b), b.text());
  });
  REQUIRE(schedules.front().text() == fakeSummit);
  std::map<std::string, Fault> assigned;
  std::set<std::string> codes = {space.schedules().front().code().text()};
  std::string text;
  for (const Schedule &schedule : schedules) {
    // The first is the summit.
    if (!codes.insert(schedule.code().text()).second || codes.size() == 2 ||
        assigned.size() == std::size(faults))
      continue;
    const Fault &fault = faults[assigned.size()];
    assigned.emplace(schedule.text(), fault);
    text += std::string(fault.kind) + "|" + schedule.text() + "\n";
  }
  REQUIRE(assigned.size() == std::size(faults));
  folder.write("faults", text);
  return assigned;
}

/// What no compiler can make for one order of work it cannot make for another.
std::map<std::string, Fault> compilerFaults(const std::map<std::string, Fault> &assigned) {
  std::map<std::string, Fault> byCode;
  for (const auto &[schedule, fault] : assigned)
    if (std::string_view(fault.kind).starts_with("compile"))
      byCode.emplace(Schedule::parse(schedule)->code().text(), fault);
  return byCode;
}

} // namespace

TEST_CASE("each kind of fault is recorded and passed over, and leaves no process") {
  TuneFolder folder;
  std::map<std::string, Fault> assigned = assign(folder);
  StopSignal stop;
  TuneOptions options = folder.options();
  options.budget.candidates = 0; // all of them
  auto start = Clock::now();
  Result<TuneReport> report = tune(tunedProblem(), tunedTarget(), options, stop);
  REQUIRE(report);
  double seconds = secondsSince(start);
  REQUIRE(report->search.winner);
  CHECK(report->search.standings.size() >= 50);
  CHECK(report->search.standings[*report->search.winner].candidate.schedule.text() == fakeSummit);
  std::map<std::string, Fault> ofCompiler = compilerFaults(assigned);
  size_t met = 0;
  int hangs = 0;
  for (const Standing &standing : report->search.standings) {
    auto found = assigned.find(standing.candidate.schedule.text());
    if (found == assigned.end()) {
      auto uncompiled = ofCompiler.find(standing.candidate.schedule.code().text());
      CHECK(verdictName(standing.verdict) == verdictName(uncompiled == ofCompiler.end()
                                                             ? Verdict::Measured
                                                             : uncompiled->second.verdict));
      continue;
    }
    CAPTURE(found->second.kind);
    CHECK(verdictName(standing.verdict) == verdictName(found->second.verdict));
    CHECK(standing.reason.starts_with(found->second.reason));
    ++met;
    hangs += found->second.hangs;
  }
  CHECK(met == assigned.size());
  CHECK(seconds <= hangs * 4.0 + 10 + 0.02 * double(report->search.standings.size()));
  CHECK(folder.processesLeft() == std::vector<int>());
  CHECK_FALSE(std::filesystem::exists(folder.path("journal.work")));

  // Started again, in place of the old search or to go on with it, no fault that hung is met again.
  size_t before = folder.lines("log").size();
  start = Clock::now();
  Result<TuneReport> again = tune(tunedProblem(), tunedTarget(), options, stop);
  REQUIRE(again);
  CHECK(secondsSince(start) < seconds);
  std::vector<std::string> log = folder.lines("log");
  CHECK(log.size() > before);
  int known = 0;
  for (const Standing &standing : again->search.standings) {
    auto found = assigned.find(standing.candidate.schedule.text());
    if (found != assigned.end() && found->second.hangs) {
      ++known;
      CHECK(standing.verdict == Verdict::KnownFault);
      CHECK(standing.reason.starts_with("no answer in "));
      CHECK(std::none_of(log.begin() + std::ptrdiff_t(before), log.end(),
                         [&](const std::string &line) { return line.ends_with(found->first); }));
    }
  }
  CHECK(known == 2);

  options.resume = true;
  before = log.size();
  Result<TuneReport> resumed = tune(tunedProblem(), tunedTarget(), options, stop);
  REQUIRE(resumed);
  CHECK(folder.lines("log").size() == before); // everything was in the journal
  CHECK(resumed->search.winner);

  options.resume = false;
  options.force = true;
  Result<TuneReport> forced = tune(tunedProblem(), tunedTarget(), options, stop);
  REQUIRE(forced);
  CHECK(std::any_of(forced->search.standings.begin(), forced->search.standings.end(),
                    [](const Standing &one) { return one.verdict == Verdict::Hang; }));
}

TEST_CASE("where every candidate fails there is no winner, and no error") {
  TuneFolder folder;
  std::string text;
  Space space = Space::of(tunedProblem(), tunedTarget());
  for (const Schedule &schedule : space.schedules())
    text += "wrong|" + schedule.text() + "\n";
  folder.write("faults", text);
  StopSignal stop;
  Result<TuneReport> report = tune(tunedProblem(), tunedTarget(), folder.options(), stop);
  REQUIRE(report);
  CHECK_FALSE(report->search.winner);
  CHECK(report->search.standings.size() >= 20);
}

TEST_CASE("a worker that cannot be started, or is no worker, is one clear error") {
  TuneFolder folder;
  StopSignal stop;
  TuneOptions options = folder.options();
  options.worker = {"/no/such/program"};
  Result<TuneReport> report = tune(tunedProblem(), tunedTarget(), options, stop);
  REQUIRE_FALSE(report);
  CHECK(report.error().text() ==
        "cannot start the worker /no/such/program: No such file or directory; check that the "
        "program is there and that the system allows more processes");
  options.worker = {"/bin/true"};
  report = tune(tunedProblem(), tunedTarget(), options, stop);
  REQUIRE_FALSE(report);
  CHECK(report.error().text() == "the worker ended with code 0");
}

TEST_CASE("stopped, a search ends within two seconds, whatever its workers do") {
  for (const char *fault : {"hangs", "compile-hangs"}) {
    CAPTURE(fault);
    TuneFolder folder;
    std::string text;
    Space space = Space::of(tunedProblem(), tunedTarget());
    for (const Schedule &schedule : space.schedules())
      if (schedule.code() != space.schedules().front().code())
        text += std::string(fault) + "|" + schedule.text() + "\n";
    folder.write("faults", text);
    StopSignal stop;
    TuneOptions options = folder.options();
    options.timeouts = {.open = 60, .compile = 60, .firstMeasure = 60, .measure = 60};
    std::thread interrupter([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(700));
      stop.raise();
    });
    auto start = Clock::now();
    Result<TuneReport> report = tune(tunedProblem(), tunedTarget(), options, stop);
    interrupter.join();
    CHECK(secondsSince(start) < 0.7 + 2);
    REQUIRE(report);
    CHECK_FALSE(report->search.complete);
    REQUIRE(report->search.winner); // the default was measured before
    CHECK(*report->search.winner == 0);
    CHECK(folder.processesLeft() == std::vector<int>());
  }
}
