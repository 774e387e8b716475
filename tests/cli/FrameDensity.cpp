#include "cli/FrameDensity.h"

#include <doctest/doctest.h>

using namespace halftone;
using namespace halftone::cli;

TEST_CASE("density by frame distance counts the tokens of kept blocks") {
  // Three frames of 6 tokens and 2 of text in blocks of 4: blocks lie across frames.
  Layout clip = Layout::frames(3, 6, 2);
  BlockMask mask{.block = 4,
                 .queryBlocks = 5,
                 .keyBlocks = 5,
                 .rowStart = {0, 1, 1, 2, 2, 2},
                 .runs = {{0, 2}, {4, 5}}};
  // Block row 0 (frame 0) sees keys 0..7: 6 of frame 0, 2 of frame 1. Block row 2 (tokens 8..11,
  // frame 1) sees keys 16..19: 2 of frame 2, the rest is text.
  std::vector<double> densities = densityByFrameDistance(mask, clip, clip);
  REQUIRE(densities.size() == 3);
  CHECK(densities[0] == doctest::Approx(4.0 * 6 / (3 * 36)));
  CHECK(densities[1] == doctest::Approx((4.0 * 2 + 4 * 2) / (4 * 36)));
  CHECK(densities[2] == 0);
}

TEST_CASE("a dense mask is dense at every distance, and a sequence has no distances") {
  Layout clip = Layout::frames(4, 10);
  BlockMask mask{.block = 16,
                 .queryBlocks = 3,
                 .keyBlocks = 3,
                 .rowStart = {0, 1, 2, 3},
                 .runs = {{0, 3}, {0, 3}, {0, 3}}};
  for (double density : densityByFrameDistance(mask, clip, clip))
    CHECK(density == doctest::Approx(1));
  Layout plain = Layout::sequence(40);
  CHECK(densityByFrameDistance(mask, plain, plain).empty());
}
