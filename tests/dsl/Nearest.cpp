#include "dsl/Nearest.h"

#include <doctest/doctest.h>

using namespace halftone;

TEST_CASE("a close word is offered, else the whole list") {
  CHECK(nearestFix("fram", {"index", "frame", "place"}) == "did you mean frame");
  CHECK(nearestFix("Frame", {"index", "frame", "place"}) == "did you mean frame");
  CHECK(nearestFix("asb", {"bits", "abs"}) == "did you mean abs");
  CHECK(nearestFix("segmnt", {"index", "segment"}) == "did you mean segment");
  CHECK(nearestFix("wibble", {"index", "frame"}) == "use one of index, frame");
  CHECK(nearestFix("wibble", {"index"}) == "use index");
  CHECK(nearestFix(std::string(100'000, 'x'), {"index", "frame"}) == "use one of index, frame");
}
