#include "autotune/Search.h"

#include "autotune/Space.h"
#include "tests/autotune/FakeMachine.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

using namespace halftone;
using namespace halftone::test;

namespace {

/// A made-up space and a machine with one best schedule in it.
struct Landscape {
  Problem problem = attention(Layout::sequence(4096), {.heads = 8, .headDim = 128});
  Target target = *Target::parse("sm_90");
  Space space = Space::of(problem, target);
  Schedule summit = *Schedule::parse("tileQ=64 tileK=96 stages=2 warps=4 order=longestFirst");

  /// 40 ms at the summit, more by how far each knob is from it.
  double time(const Schedule &schedule) const {
    double factor = 1;
    for (const Knob &knob : space.knobs()) {
      int at = 0, best = 0;
      for (int value : knob.values) {
        at += value < knob.get(schedule);
        best += value < knob.get(summit);
      }
      factor *= 1 + 0.07 * std::abs(at - best);
    }
    return 40 * factor;
  }

  /// `trust` 1: the model is right; 0: it knows nothing.
  std::vector<Candidate> candidates(double trust) const {
    std::vector<Candidate> all;
    for (const Schedule &schedule : space.schedules()) {
      double noise = double(std::hash<std::string>()(schedule.text()) % 1000) / 1000;
      all.push_back({schedule, 40 * (1 + noise) * (1 - trust) + trust * time(schedule)});
    }
    return all;
  }

  SearchResult search(FakeMachine &machine, double trust, Budget budget, uint64_t seed = 1) const {
    return search(machine, candidates(trust), {.budget = budget, .seed = seed});
  }
  SearchResult search(FakeMachine &machine, std::vector<Candidate> given,
                      SearchOptions options) const {
    if (!machine.millisecondsOf)
      machine.millisecondsOf = [this](const Schedule &schedule) { return time(schedule); };
    return Search(
               std::move(given), [&](const Schedule &from) { return space.neighbours(from); },
               options, machine)
        .run();
  }
};

const Schedule &winner(const SearchResult &result) {
  REQUIRE(result.winner);
  return result.standings[*result.winner].candidate.schedule;
}

std::vector<std::string> keys(const FakeMachine &machine) {
  std::vector<std::string> all;
  all.reserve(machine.trials.size());
  for (const Trial &trial : machine.trials)
    all.push_back(trial.key());
  return all;
}

} // namespace

TEST_CASE("the best schedule is found, with a good model and with one that knows nothing") {
  Landscape land;
  REQUIRE(land.space.contains(land.summit));
  for (double trust : {1.0, 0.5, 0.0})
    for (uint64_t seed : {1, 2, 3}) {
      CAPTURE(trust);
      CAPTURE(seed);
      FakeMachine machine;
      machine.noise = 0.01;
      SearchResult result = land.search(machine, trust, {.seconds = 60}, seed);
      CHECK(land.time(winner(result)) <= land.time(land.summit) * 1.03);
      CHECK(result.complete);
      // One trial may be under way when the time is up.
      CHECK(result.seconds <= 60 + 2);
      if (trust == 1)
        CHECK(result.rankCorrelation > 0.95);
    }
}

TEST_CASE("the same seed gives the same trials, another one others") {
  Landscape land;
  FakeMachine first, second, other;
  land.search(first, 0.5, {.seconds = 40}, 7);
  land.search(second, 0.5, {.seconds = 40}, 7);
  land.search(other, 0.5, {.seconds = 40}, 8);
  CHECK(keys(first) == keys(second));
  CHECK(keys(first) != keys(other));
}

TEST_CASE("a model that is wrong about a tile shape by a few percent is found out soon") {
  Landscape land;
  auto isSmall = [](const Schedule &schedule) { return schedule.tileQ == 32; };
  std::vector<Candidate> candidates;
  for (const Schedule &schedule : land.space.schedules())
    if (schedule.tileK == 64 && (isSmall(schedule) || schedule.tileQ == 128))
      candidates.push_back({schedule, isSmall(schedule) ? 40.8 : 40});
  REQUIRE(std::count_if(candidates.begin(), candidates.end(),
                        [&](const Candidate &one) { return !isSmall(one.schedule); }) > 10);
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    FakeMachine machine;
    machine.millisecondsOf = [&](const Schedule &one) { return isSmall(one) ? 30 : 40; };
    SearchResult result = land.search(machine, candidates,
                                      {.budget = {.seconds = 0, .candidates = 16}, .seed = seed});
    CHECK(isSmall(winner(result)));
  }
}

TEST_CASE("a budget of candidates is kept, and moves get their share") {
  Landscape land;
  for (int64_t count : {1, 2, 5, 40}) {
    CAPTURE(count);
    FakeMachine machine;
    SearchResult result = land.search(machine, 0.3, {.seconds = 0, .candidates = count});
    CHECK(int64_t(result.standings.size()) <= count);
    CHECK(result.winner);
    std::set<std::string> schedules;
    for (const Trial &trial : machine.trials)
      schedules.insert(trial.schedule.text());
    CHECK(schedules.size() == result.standings.size());
    if (count == 40)
      CHECK(std::any_of(machine.trials.begin(), machine.trials.end(),
                        [](const Trial &trial) { return trial.round.starts_with("move"); }));
  }
}

TEST_CASE("the default is measured first and raced to the end") {
  Landscape land;
  FakeMachine machine;
  SearchResult result = land.search(machine, 1, {.seconds = 60});
  CHECK(machine.trials.front().schedule == land.space.schedules().front());
  CHECK(result.standard().raced);
  CHECK(result.standard().timings >= 10 + 5 * 4);
  CHECK(result.standings[*result.winner].milliseconds < result.standard().milliseconds);
}

TEST_CASE("the default wins where nothing is faster") {
  Landscape land;
  FakeMachine machine;
  machine.millisecondsOf = [](const Schedule &) { return 25.0; };
  SearchResult result = land.search(machine, 0.5, {.seconds = 60});
  CHECK(winner(result) == land.space.schedules().front());
  CHECK(result.why == "the default: nothing else is faster");
}

TEST_CASE("near-ties are measured again in turns") {
  Landscape land;
  FakeMachine machine;
  SearchResult result = land.search(machine, 1, {.seconds = 200});
  std::vector<std::string> order;
  for (const Trial &trial : machine.trials)
    if (trial.round.starts_with("race"))
      order.push_back(trial.round);
  REQUIRE(order.size() >= 10);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(order.front() == "race 1");
  CHECK(order.back() == "race 5");
  // A thorough look comes first; a race is run as the winner will be.
  for (const Trial &trial : machine.trials) {
    CHECK(trial.thorough == (trial.round == "race 1"));
    CHECK(trial.sustained == trial.round.starts_with("race"));
  }
}

TEST_CASE("faults are passed over, also one that only the last look finds") {
  Landscape land;
  FakeMachine machine;
  machine.verdictOf = [&](const Trial &trial) {
    if (trial.schedule == land.summit)
      return trial.thorough ? Verdict::WrongResult : Verdict::Measured;
    return trial.schedule.stages == 1 ? Verdict::Hang : Verdict::Measured;
  };
  SearchResult result = land.search(machine, 1, {.seconds = 200});
  CHECK_FALSE(winner(result) == land.summit);
  CHECK(winner(result).stages == 2);
  CHECK(land.time(winner(result)) <= 40 * 1.071);
  CHECK(result.standings[*result.winner].raced);
}

TEST_CASE("a default that fails leaves the others in the race") {
  Landscape land;
  FakeMachine machine;
  machine.verdictOf = [&](const Trial &trial) {
    return trial.schedule == land.space.schedules().front() ? Verdict::CompileFailed
                                                            : Verdict::Measured;
  };
  SearchResult result = land.search(machine, 1, {.seconds = 60});
  CHECK(result.standard().verdict == Verdict::CompileFailed);
  CHECK(land.time(winner(result)) <= 40 * 1.03);
}

TEST_CASE("a sweep measures every schedule, and races all near the best") {
  Landscape land;
  FakeMachine machine;
  machine.noise = 0.01;
  SearchOptions options{.budget = {.seconds = 0}, .method = SearchOptions::Method::Sweep};
  SearchResult result = land.search(machine, land.candidates(0), options);
  CHECK(result.standings.size() == land.space.schedules().size());
  CHECK(winner(result) == land.summit);
  size_t raced = 0;
  for (const Standing &standing : result.standings) {
    CHECK(isTimed(standing.verdict));
    double time = land.time(standing.candidate.schedule);
    raced += standing.raced;
    if (time <= 40 * 1.03)
      CHECK(standing.raced);
    if (time >= 40 * 1.08 && &standing != &result.standard())
      CHECK_FALSE(standing.raced);
  }
  CHECK(raced >= 2);
  CHECK(result.standard().raced);

  // A budget ends it.
  FakeMachine brief;
  options.budget = {.seconds = 0, .candidates = 20};
  CHECK(land.search(brief, land.candidates(0), options).standings.size() == 20);
}

TEST_CASE("a race measures what it is given, however slow, and all of it in turns") {
  Landscape land;
  FakeMachine machine;
  std::vector<Candidate> given = land.candidates(1);
  std::sort(given.begin() + 1, given.end(), [&](const Candidate &a, const Candidate &b) {
    return land.time(a.schedule) > land.time(b.schedule);
  });
  given.resize(9);
  given.push_back({land.summit, 40});
  SearchOptions options{.budget = {.seconds = 0}, .method = SearchOptions::Method::Race};
  SearchResult result = land.search(machine, given, options);
  CHECK(winner(result) == land.summit);
  CHECK(result.standings.size() == given.size());
  for (const Standing &standing : result.standings) {
    CHECK(standing.raced);
    CHECK(standing.milliseconds == doctest::Approx(land.time(standing.candidate.schedule)));
    CHECK(standing.timings == 10 + 5 * 4);
  }
}

TEST_CASE("where launches are long the search still ends in time, the default raced") {
  Landscape land;
  for (double longer : {10.0, 25.0}) { // 0.4 and 1 s a launch
    CAPTURE(longer);
    FakeMachine machine;
    machine.otherLaunches = 3; // to verify and to warm up
    machine.millisecondsOf = [&](const Schedule &schedule) { return longer * land.time(schedule); };
    SearchResult result = land.search(machine, 0.5, {.seconds = 60});
    REQUIRE(result.winner);
    CHECK(result.standard().raced);
    CHECK(result.standings[*result.winner].raced);
    CHECK(result.standings[*result.winner].timings >= 10);
    CHECK(result.seconds <= 60 + 7 * 0.04 * longer * 3);
    CHECK(result.standings.size() > 60 / (25 * 0.04 * longer));
  }
}

TEST_CASE("nothing that works gives no winner") {
  Landscape land;
  FakeMachine machine;
  machine.verdictOf = [](const Trial &) { return Verdict::WrongResult; };
  SearchResult result = land.search(machine, 1, {.seconds = 30});
  CHECK_FALSE(result.winner);
  CHECK(result.why == "no candidate could be timed");
  // All of the budget was spent on looking for one that works.
  CHECK(machine.elapsed() > 29);
}

TEST_CASE("interrupted at any point, what was measured is kept") {
  Landscape land;
  for (size_t after : {0, 1, 2, 10, 25, 60}) {
    CAPTURE(after);
    FakeMachine machine;
    machine.stopAfter = after;
    SearchResult result = land.search(machine, 1, {.seconds = 60});
    CHECK_FALSE(result.complete);
    CHECK(machine.trials.size() == after);
    CHECK(result.winner.has_value() == (after > 0));
    REQUIRE(!result.standings.empty());
  }
}

TEST_CASE("on devices of different speed the search goes as on equal ones") {
  Landscape land;
  FakeMachine equal, different;
  equal.slowness = {1, 1};
  different.slowness = {1, 2};
  // The clock differs, so the budget is in candidates.
  Budget budget{.seconds = 0, .candidates = 80};
  SearchResult expected = land.search(equal, 0.5, budget),
               result = land.search(different, 0.5, budget);
  CHECK(winner(result) == land.summit);
  CHECK(keys(different) == keys(equal));
  // The geometric mean of what both devices take.
  CHECK(result.standings[*result.winner].milliseconds == doctest::Approx(40 * std::sqrt(2)));
  REQUIRE(result.standings.size() == expected.standings.size());
  for (size_t i = 0; i < result.standings.size(); ++i) {
    CHECK(result.standings[i].milliseconds ==
          doctest::Approx(std::sqrt(2) * expected.standings[i].milliseconds));
    CHECK(result.standings[i].verdict == expected.standings[i].verdict);
  }
  // The default is measured on each before anything is compared.
  CHECK(different.trials[0].key().starts_with("default on 0"));
  CHECK(different.trials[1].key().starts_with("default on 1"));
  for (const Trial &trial : different.trials)
    if (trial.giveUpMs > 0) {
      REQUIRE(trial.paces.size() == 2);
      CHECK(trial.paces[1] / trial.paces[0] == doctest::Approx(2));
    }
}
