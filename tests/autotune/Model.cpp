#include "autotune/Model.h"

#include "dsl/TileMap.h"
#include "tests/autotune/FakeLandscape.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

using namespace halftone;

namespace {

Problem window(int64_t tokens, int64_t reach) {
  Layout line = Layout::sequence(tokens);
  auto [q, k] = line.tokens();
  return attention(line, {.heads = 8, .headDim = 128}).where(abs(q.index() - k.index()) <= reach);
}

double predicted(const Problem &problem, std::string_view schedule) {
  Target target = *Target::parse("sm_90");
  return *Model(problem, target, test::fakeMachine()).predict(*Schedule::parse(schedule));
}

} // namespace

TEST_CASE("rank correlation") {
  std::array<double, 5> rising{1, 2, 3, 4, 5}, falling{9, 7, 5, 3, 1}, tied{1, 1, 2, 2, 3};
  std::array<double, 5> flat{4, 4, 4, 4, 4}, mixed{2, 1, 4, 3, 5};
  CHECK(rankCorrelation(rising, rising) == doctest::Approx(1));
  CHECK(rankCorrelation(rising, falling) == doctest::Approx(-1));
  CHECK(rankCorrelation(rising, mixed) == doctest::Approx(0.8));
  CHECK(rankCorrelation(rising, tied) == doctest::Approx(0.9486833));
  CHECK(rankCorrelation(rising, flat) == 0);
  CHECK(rankCorrelation({}, {}) == 0);
}

TEST_CASE("twice the work is predicted to take about twice as long, and no more than is possible") {
  const char *schedule = "tileQ=128 tileK=64 stages=2 warps=4";
  Problem narrow = window(32768, 2048), wide = window(32768, 4096);
  double narrowTime = predicted(narrow, schedule), wideTime = predicted(wide, schedule);
  CHECK(wideTime / narrowTime == doctest::Approx(2).epsilon(0.15));
  double flops = 4.0 * double(keptPairs(narrow, 0, 0)) * 8 * 128;
  double floor = physicalFloor(test::fakeMachine(), flops, 0);
  CHECK(narrowTime > floor);
  CHECK(narrowTime < 6 * floor);
}

TEST_CASE("tiles that cover more than the pattern keeps are predicted to be slower") {
  Problem problem = window(32768, 100);
  CHECK(predicted(problem, "tileQ=256 tileK=128 stages=2 warps=8") >
        predicted(problem, "tileQ=64 tileK=64 stages=2 warps=4"));
}

TEST_CASE("a long row that comes last is predicted to cost its length") {
  Layout line = Layout::sequence(16384);
  auto [q, k] = line.tokens();
  Problem problem = attention(line, {.heads = 40, .headDim = 128})
                        .where(abs(q.index() - k.index()) <= 256 | q.index() >= 16256);
  CHECK(predicted(problem, "tileQ=128 tileK=64 order=natural") >
        predicted(problem, "tileQ=128 tileK=64 order=longFirst") * 1.1);
}

TEST_CASE("keys that outgrow the cache are predicted to cost less across frames") {
  auto saved = [](int64_t frames) {
    Problem problem = attention(Layout::frames(frames, 3600), {.heads = 1, .headDim = 128});
    std::string schedule = "tileQ=128 tileK=64 order=";
    return predicted(problem, schedule + "longFirst") /
           predicted(problem, schedule + "acrossFrames");
  };
  CHECK(saved(10) == doctest::Approx(1));
  CHECK(saved(30) > 1.01);
  CHECK(saved(128) > saved(30));
  CHECK(saved(128) < 1.05);
}

TEST_CASE("the physical floor") {
  MachineFacts machine = test::fakeMachine();
  CHECK(physicalFloor(machine, 989e12, 0) == doctest::Approx(1).epsilon(0.05));
  CHECK(physicalFloor(machine, 0, 3.35e12) == doctest::Approx(1).epsilon(0.01));
  CHECK(physicalFloor(machine, 0, 50 << 20) == 0); // fits in the cache
  CHECK(physicalFloor(MachineFacts{}, 1e15, 1e15) == 0);
}
