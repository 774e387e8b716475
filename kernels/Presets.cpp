#include "kernels/Presets.h"

#include "dsl/Nearest.h"

#include <array>
#include <charconv>

namespace halftone {

namespace {

struct Model {
  int64_t heads, headDim, text;
  /// Latent frames of n frames: 1 + n / 4, or 1 + (n - 1) / 6.
  int64_t framesSkipped, framesPerLatent;
  bool sink;
  std::optional<double> decay;

  int64_t latentFrames(int64_t frames) const {
    return 1 + (frames - framesSkipped) / framesPerLatent;
  }
};

constexpr std::string_view names[] = {"wan2.1-14b", "wan2.1-1.3b", "wan2.2-a14b", "hunyuan-video",
                                      "mochi-1"};
constexpr Model models[] = {
    {40, 128, 0, 0, 4, true, 0.2},          //
    {12, 128, 0, 0, 4, true, std::nullopt}, //
    {40, 128, 0, 0, 4, true, 0.8},          //
    {24, 128, 256, 0, 4, false, 0.95},      //
    {24, 128, 256, 1, 6, false, std::nullopt},
};
static_assert(std::size(names) == std::size(models));

/// Pixels of the edge of the square that one token stands for.
constexpr int64_t pixelsPerToken = 16;
/// Of a width, a height or a number of frames: keeps every product far from overflow.
constexpr int64_t largestSize = 1'000'000;

/// The next number of "1280x720x81", up to an 'x' or the end; 0 when there is none.
int64_t takeSize(std::string_view &text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool good = error == std::errc() && value > 0;
  text.remove_prefix(size_t(end - text.data()));
  return good ? value : 0;
}

bool takeCross(std::string_view &text) {
  bool good = text.starts_with('x');
  text.remove_prefix(good ? 1 : 0);
  return good;
}

Status checkPixels(const char *name, int64_t pixels) {
  if (pixels % pixelsPerToken == 0)
    return {};
  int64_t nearest =
      std::max((pixels + pixelsPerToken / 2) / pixelsPerToken, int64_t{1}) * pixelsPerToken;
  return misuse(std::string("a video ") + name + " of " + std::to_string(pixels) +
                    " is not a multiple of " + std::to_string(pixelsPerToken),
                "use " + std::to_string(nearest));
}

} // namespace

std::span<const std::string_view> presetModels() { return names; }

Result<Preset> preset(std::string_view text) {
  size_t colon = text.find(':');
  std::string_view name = text.substr(0, colon);
  const Model *model = nullptr;
  std::string known;
  for (size_t i = 0; i < std::size(names); ++i) {
    known += (i ? ", " : "") + std::string(names[i]);
    if (names[i] == name)
      model = &models[i];
  }
  if (!model)
    return misuse("unknown model '" + std::string(name) + "'; known are " + known,
                  nearestFix(name, std::span(names)));

  std::string_view sizes = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  int64_t width = takeSize(sizes);
  bool crossed = takeCross(sizes);
  int64_t height = takeSize(sizes);
  crossed &= takeCross(sizes);
  int64_t frames = takeSize(sizes);
  if (!width || !height || !frames || !crossed || !sizes.empty())
    return misuse("the preset '" + std::string(text) + "' has no width x height x frames",
                  "write it as " + std::string(name) + ":1280x720x81");
  for (int64_t size : {width, height, frames})
    if (size > largestSize)
      return misuse("a video size of " + std::to_string(size) + " in '" + std::string(text) + "'",
                    "use at most " + std::to_string(largestSize));
  if (Status status = checkPixels("width", width); !status)
    return status.error();
  if (Status status = checkPixels("height", height); !status)
    return status.error();

  Layout layout = Layout::video({.frames = model->latentFrames(frames),
                                 .height = height / pixelsPerToken,
                                 .width = width / pixelsPerToken,
                                 .text = model->text});
  if (Status status = layout.check(); !status)
    return status.error();
  return Preset{.model = std::string(name),
                .width = width,
                .height = height,
                .frames = frames,
                .layout = layout,
                .shape = {.heads = model->heads, .headDim = model->headDim},
                .sink = model->sink,
                .decay = model->decay};
}

} // namespace halftone
