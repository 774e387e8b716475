#include "dsl/Layout.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

std::string refusal(const Layout &layout) {
  Status status = layout.check();
  return status ? "accepted" : status.error().text();
}

} // namespace

TEST_CASE("coordinates of a video and its text") {
  Layout clip = Layout::video({.frames = 2, .height = 3, .width = 4, .text = 7});
  CHECK(clip.tokenCount() == 31);
  CHECK(clip.tokensPerFrame() == 12);
  auto at = [&](Coordinate coordinate, int64_t index) {
    return clip.coordinate(coordinate, index);
  };
  CHECK(at(Coordinate::Index, 17) == 17);
  CHECK(at(Coordinate::Frame, 17) == 1);
  CHECK(at(Coordinate::Place, 17) == 5);
  CHECK(at(Coordinate::Row, 17) == 1);
  CHECK(at(Coordinate::Column, 17) == 1);
  CHECK(at(Coordinate::Segment, 17) == 0);
  CHECK(at(Coordinate::IsText, 23) == 0);
  CHECK(at(Coordinate::IsText, 24) == 1);
  CHECK(at(Coordinate::Frame, 25) == 2);
  CHECK(at(Coordinate::Place, 25) == 1);
  CHECK(at(Coordinate::Row, 25) == 0);
  CHECK(at(Coordinate::Column, 25) == 1);
  CHECK(at(Coordinate::Row, 30) == 0);
  CHECK(at(Coordinate::Column, 30) == 6);
}

TEST_CASE("segments of a packed layout") {
  Layout documents = Layout::packed({2, 3, 1});
  CHECK(documents.isPacked());
  CHECK(documents.tokenCount() == 6);
  for (auto [index, segment] : {std::pair{0, 0}, {1, 0}, {2, 1}, {4, 1}, {5, 2}})
    CHECK(documents.coordinate(Coordinate::Segment, index) == segment);
  CHECK(documents.coordinate(Coordinate::Place, 4) == 4);
  CHECK(documents.coordinate(Coordinate::Frame, 4) == 0);
}

TEST_CASE("a layout's text") {
  CHECK(Layout::video({.frames = 21, .height = 45, .width = 80}).text() ==
        "video(frames=21, height=45, width=80, text=0)");
  CHECK(Layout::frames(3, 10, 2).text() == "video(frames=3, height=1, width=10, text=2)");
  CHECK(Layout::sequence(1024).text() == "sequence(1024)");
  CHECK(Layout::frames(1, 1024).text() == "sequence(1024)");
  CHECK(Layout::packed({128, 256}).text() == "packed(128, 256)");
}

TEST_CASE("layouts are equal by what they say") {
  CHECK(Layout::frames(1, 5) == Layout::sequence(5));
  CHECK_FALSE(Layout::packed({5}) == Layout::sequence(5));
  CHECK_FALSE(Layout::frames(2, 5) == Layout::frames(2, 5, 1));
}

TEST_CASE("sizes that cannot be are refused") {
  CHECK(refusal(Layout::sequence(1)) == "accepted");
  CHECK(refusal(Layout::frames(1, 5, 0)) == "accepted");
  CHECK(refusal(Layout::sequence((int64_t{1} << 31) - 1)) == "accepted");
  CHECK(refusal(Layout::sequence(0)) == "a layout of 0 tokens; use at least 1");
  CHECK(refusal(Layout::packed({})) == "a layout of 0 tokens; use at least 1");
  CHECK(refusal(Layout::frames(0, 5)) == "a layout of 0 frames; use at least 1");
  CHECK(refusal(Layout::video({.frames = 2, .height = -3, .width = 4})) ==
        "a layout of -3 token rows; use at least 1");
  CHECK(refusal(Layout::frames(2, 0)) == "a layout of 0 token columns; use at least 1");
  CHECK(refusal(Layout::frames(2, 5, -1)) == "a layout of -1 text tokens; use at least 0");
  CHECK(refusal(Layout::packed({3, 0})) ==
        "segment 1 of a packed layout has 0 tokens; leave empty segments out");
  CHECK(refusal(Layout::sequence(int64_t{1} << 31)) ==
        "a layout of 2147483648 tokens; use fewer than 2^31 tokens");
  CHECK(refusal(Layout::video({.frames = INT64_MAX, .height = INT64_MAX, .width = 2})) ==
        "a layout of more than 2^63 tokens; use fewer than 2^31 tokens");
  CHECK(refusal(Layout::packed({INT64_MAX, INT64_MAX})) ==
        "a layout of more than 2^63 tokens; use fewer than 2^31 tokens");
}
