#include "cli/DecayingInputs.h"

#include "cli/AttentionQuality.h"

#include <doctest/doctest.h>

using namespace halftone;
using namespace halftone::cli;

namespace {

std::vector<HeadQuality> headsOf(const Problem &problem, const Inputs &inputs) {
  ChosenProblem chosen{problem, "chosen", 128};
  return attentionQuality(std::span(&chosen, 1), inputs, {.rows = 1000, .heads = 100})
      .front()
      .heads;
}

/// Mass at each frame distance for each pair of frames that lie that far apart.
std::vector<double> massOfPair(const HeadQuality &head) {
  std::vector<double> mass = head.massAt;
  for (size_t distance = 0; distance < mass.size(); ++distance)
    mass[distance] /= double(mass.size() - distance) * (distance == 0 ? 1 : 2);
  return mass;
}

} // namespace

TEST_CASE("made-up attention falls off with the distance between frames and between places") {
  Layout clip = Layout::video({.frames = 6, .height = 8, .width = 8, .text = 5});
  Problem problem = attention(clip, {.heads = 4, .kvHeads = 2, .headDim = 64});
  Inputs inputs = decayingInputs(problem, AxisOrder::Bshd, 3);
  auto [q, k] = clip.tokens();
  std::vector<HeadQuality> near = headsOf(problem.where(abs(q.place() - k.place()) <= 1), inputs);
  std::vector<HeadQuality> own = headsOf(problem.where(q.frame() == k.frame()), inputs);
  REQUIRE(own.size() == 4);
  for (const HeadQuality &head : own) {
    CAPTURE(head.head);
    std::vector<double> mass = massOfPair(head);
    CHECK(mass[0] > mass[1]);
    CHECK(mass[1] > mass[2]);
    CHECK(mass[2] > mass[3]);
  }
  // The first key head is seen to look at its own place, the last in its own frame; an even spread
  // would be 5% and 17%.
  CHECK(near[0].keptMass > 0.3);
  CHECK(near[0].keptMass > 1.5 * near[3].keptMass);
  CHECK(own[3].keptMass > 0.5);
  CHECK(own[3].keptMass > 1.5 * own[0].keptMass);
}

TEST_CASE("made-up tensors are the same for the same seed and others for another") {
  Problem problem = attention(Layout::frames(3, 20), {.heads = 2, .headDim = 8});
  auto bytes = [&](uint64_t seed) {
    return decayingInputs(problem, AxisOrder::Bhsd, seed).q.bytes;
  };
  CHECK(bytes(1) == bytes(1));
  CHECK(bytes(1) != bytes(2));
}

TEST_CASE("what keeps all keeps all of the mass, and what keeps nothing none") {
  Layout clip = Layout::frames(3, 20, 4);
  Problem problem = attention(clip, {.heads = 2, .headDim = 16});
  Inputs inputs = decayingInputs(problem, AxisOrder::Bshd, 1);
  for (const HeadQuality &head : headsOf(problem, inputs)) {
    CHECK(head.keptMass == doctest::Approx(1));
    CHECK(head.relativeError == 0);
    CHECK(head.greatestError == 0);
    CHECK(head.massAt == head.keptAt);
  }
  auto [q, k] = clip.tokens();
  for (const HeadQuality &head : headsOf(problem.where(k.index() < 0), inputs)) {
    CHECK(head.keptMass == 0);
    CHECK(head.relativeError == doctest::Approx(1));
  }
}
