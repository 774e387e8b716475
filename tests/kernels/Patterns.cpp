#include "dsl/Reference.h"
#include "kernels/patterns/Causal.h"
#include "kernels/patterns/Dense.h"
#include "kernels/patterns/Documents.h"
#include "kernels/patterns/Radial.h"
#include "kernels/patterns/Sink.h"
#include "kernels/patterns/SparseVideo.h"
#include "kernels/patterns/Strided.h"
#include "kernels/patterns/Text.h"
#include "kernels/patterns/TileWindow.h"
#include "kernels/patterns/Window.h"
#include "tests/RandomProblem.h"
#include "tests/kernels/Picture.h"

#include <doctest/doctest.h>

#include <bit>
#include <cstdlib>

namespace halftone {
namespace {

using Pictures = std::vector<std::string>;

TEST_CASE("the pictures in the headers are those of the patterns") {
  using namespace patterns;
  using test::picture, test::picturesOf;
  Layout six = Layout::sequence(6);
  CHECK(picturesOf("Causal.h") == Pictures{picture(six, causal(six), 1, 6)});
  CHECK(picturesOf("Window.h") ==
        Pictures{picture(six, window(six, 1), 1, 6), picture(six, causalWindow(six, 2), 1, 6)});
  CHECK(picturesOf("Strided.h") ==
        Pictures{picture(six, strided(six, 3, 1), 1, 6), picture(six, dilated(six, 2, 4), 1, 6)});
  CHECK(picturesOf("Sink.h") == Pictures{picture(six, sink(six, 1, 1), 1, 6)});
  Layout withText = Layout::frames(1, 4, 2);
  CHECK(picturesOf("Text.h") == Pictures{picture(withText, text(withText), 1, 6)});
  Layout packed = Layout::packed({3, 1, 2});
  CHECK(picturesOf("Documents.h") == Pictures{picture(packed, documents(packed), 1, 6)});

  Layout fiveTiles = Layout::frames(10, 1);
  CHECK(picturesOf("TileWindow.h") ==
        Pictures{picture(fiveTiles, tileWindow(fiveTiles, {.tile = {2, 1, 1}, .window = {3, 1, 1}}),
                         2, 5)});

  Layout fiveFrames = Layout::frames(5, 1'024);
  Layout eightFrames = Layout::frames(8, 256);
  CHECK(picturesOf("Radial.h") ==
        Pictures{picture(fiveFrames, radial(fiveFrames, {.decay = 0.5, .block = 64}), 128, 8),
                 picture(eightFrames, radialReference(), 128, 16)});
}

TEST_CASE("the pictures of Sparse VideoGen's heads") {
  using namespace patterns;
  Layout four = Layout::frames(4, 3), three = Layout::frames(3, 4);
  Pictures drawn = test::picturesOf("SparseVideo.h");
  REQUIRE(drawn.size() == 2);
  // A row of the first picture stands for the three tokens of a frame.
  std::string whole;
  for (size_t frame = 0; frame < 4; ++frame)
    for (int token = 0; token < 3; ++token)
      whole += drawn[0].substr(frame * 13, 13);
  CHECK(whole == test::picture(four, spatial(four, 1, false), 1, 12));
  CHECK(drawn[1] == test::picture(three, temporal(three, 1, false), 1, 4));
}

TEST_CASE("dense keeps everything") { CHECK(patterns::dense() == Pattern::dense()); }

/// The token rule of docs/radial.md for places of the video, word by word.
struct RadialRule {
  int64_t tokensPerFrame;
  int64_t decayTenths;
  int64_t block;
  bool sink;

  static int64_t powerOfBits(int64_t value) {
    return int64_t{1} << std::bit_width(uint64_t(value));
  }

  bool keeps(int64_t i, int64_t r, int64_t j, int64_t c) const {
    if (sink && j == 0)
      return true;
    int64_t d = std::abs(i - j), power = powerOfBits(tokensPerFrame), fraction = powerOfBits(d);
    // |c - r| <= max(P / 2^bits(d) * decay, b), in whole numbers.
    bool near = std::abs(c - r) <= block || std::abs(c - r) * fraction * 10 <= power * decayTenths;
    if (d <= 1)
      near = std::abs(c - r) <= tokensPerFrame;
    // L >= 128, else d mod floor(128 / L) == 0.
    bool thick = power >= 128 * fraction || d % (128 * fraction / power) == 0;
    return near && thick;
  }
};

TEST_CASE("the exact radial pattern is the token rule") {
  test::RandomNumbers random(3);
  for (int round = 0; round < 300; ++round) {
    int64_t frames = random.between(1, 40);
    int64_t perFrame = random.oneIn(2) ? random.between(1, 300) : random.between(1, 5'000);
    int64_t text = random.oneIn(2) ? random.between(1, 300) : 0;
    Layout clip = Layout::frames(frames, perFrame, text);
    RadialRule rule{.tokensPerFrame = perFrame,
                    .decayTenths = random.between(0, 25),
                    .block = random.pick<int64_t>({1, 16, 64, 128}),
                    .sink = random.oneIn(2)};
    Pattern pattern = patterns::radial(
        clip, {.decay = double(rule.decayTenths) / 10, .sink = rule.sink, .block = rule.block});
    CAPTURE(clip.text());
    CAPTURE(pattern.text());
    PatternWalk walk(pattern, clip, clip);
    for (int pair = 0; pair < 300; ++pair) {
      int64_t query = random.between(0, clip.tokenCount() - 1);
      int64_t key = random.oneIn(4) ? query : random.between(0, clip.tokenCount() - 1);
      bool isText = query >= frames * perFrame || key >= frames * perFrame;
      bool expected =
          isText || rule.keeps(query / perFrame, query % perFrame, key / perFrame, key % perFrame);
      CAPTURE(query);
      CAPTURE(key);
      REQUIRE(walk.keeps(0, 0, query, key) == expected);
      REQUIRE((query != key || expected)); // the diagonal is always kept
    }
  }
}

TEST_CASE("a decay of many digits is taken exactly, and a bad one names the caller's line") {
  Layout clip = Layout::frames(4, 3'840);
  Problem third = attention(clip, {}).where(patterns::radial(clip, {.decay = 1.0 / 3}));
  CHECK(third.check());
  CHECK(third.pattern().text().find("max(1365 / pow2(") != std::string::npos);
  int line = __LINE__ + 1;
  Problem bad = attention(clip, {}).where(patterns::radial(clip, {.decay = -0.5}));
  Status status = bad.check();
  REQUIRE_FALSE(status);
  CHECK(int(status.error().where.line) == line);
}

/// Whether the tiles of a window keep a pair, by counting tiles along each axis.
bool alongKeeps(int64_t query, int64_t key, int64_t size, int64_t tile, int64_t window) {
  int64_t tiles = (size + tile - 1) / tile;
  int64_t first = query / tile - window / 2;
  first = first < 0 ? 0 : first + window > tiles ? std::max<int64_t>(tiles - window, 0) : first;
  return key / tile >= first && key / tile < first + window;
}

TEST_CASE("a tile window never loses tiles at the border") {
  test::RandomNumbers random(5);
  for (int round = 0; round < 40; ++round) {
    VideoShape shape{.frames = random.between(1, 6),
                     .height = random.between(1, 7),
                     .width = random.between(1, 9)};
    patterns::TileWindowOptions options{
        .tile = {random.between(1, 3), random.between(1, 3), random.between(1, 4)},
        .window = {random.between(1, 4), random.between(1, 4), random.between(1, 4)}};
    Layout clip = Layout::video(shape);
    Pattern pattern = patterns::tileWindow(clip, options);
    CAPTURE(clip.text());
    CAPTURE(pattern.text());
    auto at = [&](Coordinate which, int64_t token) { return clip.coordinate(which, token); };
    PatternWalk walk(pattern, clip, clip);
    for (int64_t query = 0; query < clip.tokenCount(); ++query)
      for (int64_t key = 0; key < clip.tokenCount(); ++key) {
        bool expected = alongKeeps(at(Coordinate::Frame, query), at(Coordinate::Frame, key),
                                   shape.frames, options.tile.frames, options.window.frames) &&
                        alongKeeps(at(Coordinate::Row, query), at(Coordinate::Row, key),
                                   shape.height, options.tile.rows, options.window.rows) &&
                        alongKeeps(at(Coordinate::Column, query), at(Coordinate::Column, key),
                                   shape.width, options.tile.columns, options.window.columns);
        REQUIRE(walk.keeps(0, 0, query, key) == expected);
      }
  }
}

} // namespace
} // namespace halftone
