#include "kernels/Presets.h"

#include <doctest/doctest.h>

namespace halftone {
namespace {

Preset known(std::string_view text) {
  Result<Preset> found = preset(text);
  REQUIRE_MESSAGE(found, (found ? "" : found.error().text()));
  return *found;
}

std::string refused(std::string_view text) {
  Result<Preset> found = preset(text);
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::Misuse);
  return found.error().text();
}

TEST_CASE("a preset has the model's layout, heads, sink and decay") {
  Preset wan = known("wan2.1-14b:1280x720x81");
  CHECK(wan.layout == Layout::video({.frames = 21, .height = 45, .width = 80}));
  CHECK(wan.layout.tokenCount() == 75'600);
  CHECK(wan.shape.heads == 40);
  CHECK(wan.shape.headDim == 128);
  CHECK(wan.sink);
  CHECK(wan.decay == 0.2);
  CHECK(wan.model == "wan2.1-14b");
  CHECK(wan.width == 1280);
  CHECK(wan.height == 720);
  CHECK(wan.frames == 81);

  Preset small = known("wan2.1-1.3b:832x480x81");
  CHECK(small.layout.tokenCount() == 32'760);
  CHECK(small.shape.heads == 12);
  CHECK_FALSE(small.decay);
  CHECK(known("wan2.2-a14b:832x480x81").decay == 0.8);

  Preset hunyuan = known("hunyuan-video:1280x720x129");
  CHECK(hunyuan.layout == Layout::video({.frames = 33, .height = 45, .width = 80, .text = 256}));
  CHECK(hunyuan.shape.heads == 24);
  CHECK_FALSE(hunyuan.sink);
  CHECK(hunyuan.decay == 0.95);

  Preset mochi = known("mochi-1:848x480x163");
  CHECK(mochi.layout.tokenCount() == 44'520 + 256);
  CHECK_FALSE(mochi.sink);
  CHECK_FALSE(mochi.decay);
}

TEST_CASE("any number of frames is fine") {
  CHECK(known("wan2.1-14b:16x16x1").layout.frameCount() == 1);
  CHECK(known("wan2.1-14b:16x16x3").layout.frameCount() == 1);
  CHECK(known("wan2.1-14b:16x16x4").layout.frameCount() == 2);
  CHECK(known("mochi-1:16x16x1").layout.frameCount() == 1);
  CHECK(known("mochi-1:16x16x6").layout.frameCount() == 1);
  CHECK(known("mochi-1:16x16x7").layout.frameCount() == 2);
  for (std::string_view model : presetModels())
    CHECK(known(std::string(model) + ":1280x720x509").layout.check());
}

TEST_CASE("what a preset cannot be") {
  CHECK(refused("wan2.1:1280x720x81") ==
        "unknown model 'wan2.1'; known are wan2.1-14b, wan2.1-1.3b, wan2.2-a14b, hunyuan-video, "
        "mochi-1; use one of wan2.1-14b, wan2.1-1.3b, wan2.2-a14b, hunyuan-video, mochi-1");
  CHECK(refused("wan2.1-14B:1280x720x81").ends_with("did you mean wan2.1-14b"));
  const std::string form = "write it as wan2.1-14b:1280x720x81";
  for (const char *sizes : {"", ":", ":1280x720", ":1280x720x", ":1280x720x81x2", ":axbxc",
                            ":0x720x81", ":-16x720x81", ":1280,720,81", ":1280x720x81 "})
    CHECK(refused(std::string("wan2.1-14b") + sizes).ends_with(form));
  CHECK(refused("wan2.1-14b:1280x721x81") ==
        "a video height of 721 is not a multiple of 16; use 720");
  CHECK(refused("wan2.1-14b:1x720x81") == "a video width of 1 is not a multiple of 16; use 16");
  CHECK(refused("wan2.1-14b:2000000x720x81").ends_with("use at most 1000000"));
  CHECK(refused("wan2.1-14b:999984x999984x999999").ends_with("use fewer than 2^31 tokens"));
  CHECK(refused("wan2.1-14b:99999999999999999999x720x81").ends_with(form));
}

} // namespace
} // namespace halftone
