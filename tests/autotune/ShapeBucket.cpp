#include "autotune/ShapeBucket.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace halftone;

TEST_CASE("a bucket holds sizes within 25 % of each other") {
  CHECK(sizeBucket(0) == 0);
  CHECK(sizeBucket(7) == 7);
  CHECK(sizeBucket(9) == 8);
  CHECK(sizeBucket(10) == 10);
  CHECK(sizeBucket(69120) == 65536);
  CHECK(sizeBucket(int64_t(1) << 31) == int64_t(1) << 31);
  for (int64_t size = 1; size < 100000; ++size) {
    REQUIRE(sizeBucket(size) <= size);
    REQUIRE(size < double(sizeBucket(size)) * 1.2501 + (size < 4));
    REQUIRE(sizeBucket(size) >= sizeBucket(size - 1));
    REQUIRE(sizeBucket(sizeBucket(size)) == sizeBucket(size));
  }
}

TEST_CASE("clips of as many tokens and other frames are in other buckets") {
  Layout flat = Layout::video({.frames = 16, .height = 32, .width = 32});
  Layout tall = Layout::video({.frames = 4, .height = 64, .width = 64});
  CHECK(flat.tokenCount() == tall.tokenCount());
  CHECK(shapeBucket(flat) == "frames=16 tokensPerFrame=1024 text=0");
  CHECK(shapeBucket(tall) == "frames=4 tokensPerFrame=4096 text=0");
  CHECK(bucketDistance(shapeBucket(flat), shapeBucket(tall)) > 3);
}

TEST_CASE("the distance of buckets") {
  CHECK(shapeBucket(Layout::packed({100, 28})) == "segments=2 tokens=128");
  CHECK(bucketDistance("segments=2 tokens=128", "segments=2 tokens=128") == 0);
  CHECK(bucketDistance("segments=3 tokens=128", "segments=1 tokens=128") == 1);
  CHECK(std::isinf(bucketDistance("segments=2 tokens=128", "frames=2 tokens=128")));
  for (const char *wrong : {"", "frames", "frames=x", "frames=-1", "frames=1 text=0", "frames="})
    CHECK(std::isinf(bucketDistance("frames=1", wrong)));
}
