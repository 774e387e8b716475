#include "dsl/Layout.h"

#include "dsl/Build.h"

#include <algorithm>

namespace halftone {

namespace {

Expr coordinateOf(Side side, Coordinate coordinate, Expr::Location at) {
  return Expr(buildCoordinate(side, coordinate, at));
}

/// Sums and products that stay at the largest integer, so that sizes nobody checked yet are safe.
int64_t product(int64_t a, int64_t b) {
  int64_t result;
  return __builtin_mul_overflow(a, b, &result) ? INT64_MAX : result;
}
int64_t sum(int64_t a, int64_t b) {
  int64_t result;
  return __builtin_add_overflow(a, b, &result) ? INT64_MAX : result;
}

Status checkSize(const char *name, int64_t value, int64_t least) {
  if (value >= least)
    return {};
  return misuse("a layout of " + std::to_string(value) + " " + name,
                "use at least " + std::to_string(least));
}

} // namespace

Expr Token::index(Expr::Location at) const { return coordinateOf(side, Coordinate::Index, at); }
Expr Token::frame(Expr::Location at) const { return coordinateOf(side, Coordinate::Frame, at); }
Expr Token::place(Expr::Location at) const { return coordinateOf(side, Coordinate::Place, at); }
Expr Token::row(Expr::Location at) const { return coordinateOf(side, Coordinate::Row, at); }
Expr Token::column(Expr::Location at) const { return coordinateOf(side, Coordinate::Column, at); }
Expr Token::segment(Expr::Location at) const { return coordinateOf(side, Coordinate::Segment, at); }
Pattern Token::isText(Expr::Location at) const {
  return Pattern(buildCoordinate(side, Coordinate::IsText, at));
}

Layout Layout::video(VideoShape shape) {
  Layout layout;
  layout.shape = shape;
  return layout;
}

Layout Layout::frames(int64_t frames, int64_t tokensPerFrame, int64_t text) {
  return video({.frames = frames, .height = 1, .width = tokensPerFrame, .text = text});
}

Layout Layout::sequence(int64_t tokens) { return frames(1, tokens); }

Layout Layout::packed(std::vector<int64_t> lengths) {
  int64_t total = 0;
  std::vector<int64_t> ends;
  for (int64_t length : lengths) {
    total = sum(total, length);
    ends.push_back(total);
  }
  Layout layout = sequence(total);
  layout.segmentLengths = std::move(lengths);
  layout.segmentEnds = std::move(ends);
  return layout;
}

Status Layout::check() const {
  for (size_t i = 0; i < segmentLengths.size(); ++i)
    if (segmentLengths[i] < 1)
      return misuse("segment " + std::to_string(i) + " of a packed layout has " +
                        std::to_string(segmentLengths[i]) + " tokens",
                    "leave empty segments out");
  bool plain = shape.frames == 1 && shape.height == 1 && shape.text == 0;
  if (Status status = checkSize("frames", shape.frames, 1); !status)
    return status;
  if (Status status = checkSize("token rows", shape.height, 1); !status)
    return status;
  if (Status status = checkSize(plain ? "tokens" : "token columns", shape.width, 1); !status)
    return status;
  if (Status status = checkSize("text tokens", shape.text, 0); !status)
    return status;
  if (tokenCount() >= int64_t{1} << 31)
    return misuse(
        "a layout of " +
            (tokenCount() == INT64_MAX ? "more than 2^63" : std::to_string(tokenCount())) +
            " tokens",
        "use fewer than 2^31 tokens");
  return {};
}

int64_t Layout::tokensPerFrame() const { return product(shape.height, shape.width); }

int64_t Layout::tokenCount() const {
  return sum(product(shape.frames, tokensPerFrame()), shape.text);
}

int64_t Layout::coordinate(Coordinate which, int64_t index) const {
  int64_t perFrame = tokensPerFrame();
  if (perFrame < 1)
    return 0;
  int64_t video = product(shape.frames, perFrame);
  bool isText = index >= video;
  int64_t place = isText ? index - video : index % perFrame;
  switch (which) {
  case Coordinate::Index:
    return index;
  case Coordinate::Frame:
    return isText ? shape.frames : index / perFrame;
  case Coordinate::Place:
    return place;
  case Coordinate::Row:
    return isText ? 0 : place / shape.width;
  case Coordinate::Column:
    return isText ? place : place % shape.width;
  case Coordinate::Segment:
    return std::upper_bound(segmentEnds.begin(), segmentEnds.end(), index) - segmentEnds.begin();
  case Coordinate::IsText:
    return isText ? 1 : 0;
  }
  return 0;
}

std::string Layout::text() const {
  if (isPacked()) {
    std::string result = "packed(";
    for (size_t i = 0; i < segmentLengths.size(); ++i)
      result += (i ? ", " : "") + std::to_string(segmentLengths[i]);
    return result + ")";
  }
  if (shape.frames == 1 && shape.height == 1 && shape.text == 0)
    return "sequence(" + std::to_string(shape.width) + ")";
  return "video(frames=" + std::to_string(shape.frames) +
         ", height=" + std::to_string(shape.height) + ", width=" + std::to_string(shape.width) +
         ", text=" + std::to_string(shape.text) + ")";
}

bool Layout::operator==(const Layout &other) const {
  return shape.frames == other.shape.frames && shape.height == other.shape.height &&
         shape.width == other.shape.width && shape.text == other.shape.text &&
         shape.order == other.shape.order && segmentLengths == other.segmentLengths;
}

} // namespace halftone
