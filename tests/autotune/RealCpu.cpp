// All of it on the real CPU: the tuner, its workers, the compiler, verified times.

#include "tests/autotune/TuneFolder.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace halftone;
using namespace halftone::test;

TEST_CASE("a search on the CPU: right, timed, resumed") {
  TuneFolder folder;
  Layout clip = Layout::video({.frames = 3, .height = 8, .width = 12});
  auto [q, k] = clip.tokens();
  Problem problem =
      attention(clip, {.heads = 2, .headDim = 32, .element = Element::F32, .lse = true})
          .where(abs(q.frame() - k.frame()) <= 1);
  TuneOptions options;
  options.worker = {REAL_WORKER};
  options.budget = {.seconds = 0, .candidates = 8};
  options.journal = folder.path("journal");
  options.seed = 5;
  StopSignal stop;
  Result<TuneReport> report = tune(problem, Target::cpu(), options, stop);
  REQUIRE_MESSAGE(report, report.error().text());
  CHECK(report->trouble);
  REQUIRE(report->search.winner);
  CHECK(report->search.standings.size() == 8);
  CHECK(report->search.standings[*report->search.winner].milliseconds <=
        report->search.standard().milliseconds * 1.0001);
  for (const Standing &standing : report->search.standings) {
    INFO(standing.candidate.schedule.text());
    CHECK_MESSAGE(isTimed(standing.verdict), standing.reason);
    CHECK(standing.milliseconds > 0);
    CHECK(standing.compileMs > 0);
  }
  CHECK(report->search.standard().raced);
  CHECK(report->machine.vectorWidth >= 4);

  options.resume = true;
  Result<TuneReport> resumed = tune(problem, Target::cpu(), options, stop);
  REQUIRE(resumed);
  CHECK(resumed->replayed > 8);
  CHECK(resumed->trialsByDevice.front() == 0);
  CHECK(resumed->search.standings[*resumed->search.winner].candidate.schedule ==
        report->search.standings[*report->search.winner].candidate.schedule);
}

TEST_CASE("a problem or a target that cannot be is refused before anything starts") {
  StopSignal stop;
  TuneOptions options;
  options.worker = {"/no/such/program"};
  Problem problem = attention(Layout::sequence(10), {.headDim = 64, .element = Element::F32});
  Result<TuneReport> report = tune(problem, *Target::parse("sm_80"), options, stop);
  REQUIRE_FALSE(report);
  CHECK(report.error().message == "the target sm_80 has no f32 kernels");
}
