#include "cli/RunLengths.h"

#include <doctest/doctest.h>

using namespace halftone;
using namespace halftone::cli;

TEST_CASE("runs are counted by powers of two of their length") {
  BlockMask mask{.block = 64,
                 .queryBlocks = 2,
                 .keyBlocks = 32,
                 .rowStart = {0, 4, 6},
                 .runs = {{0, 1}, {2, 4}, {5, 8}, {9, 13}, {0, 1}, {4, 11}}};
  // Lengths 1, 2, 3, 4, 1, 7.
  CHECK(runLengths(mask) == std::vector<int64_t>{2, 2, 2});
  mask.runs = {{0, 32}};
  CHECK(runLengths(mask) == std::vector<int64_t>{0, 0, 0, 0, 0, 1});
  CHECK(runLengths({.block = 64, .rowStart = {0}}).empty());
}
