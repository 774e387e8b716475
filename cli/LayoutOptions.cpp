#include "cli/LayoutOptions.h"

#include "cli/OptionValues.h"

#include <fmt/format.h>

namespace halftone::cli {

void LayoutOptions::declare(CLI::App &app) {
  addText(app, "--preset", presetText,
          fmt::format("A model at a size, MODEL:WIDTHxHEIGHTxFRAMES; models are {}",
                      fmt::join(presetModels(), ", ")))
      ->type_name("TEXT")
      ->group("Sizes");
  addWhole(app, "--frames", frames, "Latent frames of a video")->group("Sizes");
  addWhole(app, "--height", height, "Token rows of a frame")->group("Sizes");
  addWhole(app, "--width", width, "Token columns of a frame")->group("Sizes");
  addWhole(app, "--tokens-per-frame", tokensPerFrame, "Instead of --height and --width")
      ->group("Sizes");
  addWhole(app, "--text", text, "Text tokens after the video (default 0)")->group("Sizes");
  addWhole(app, "--tokens", tokens, "Tokens of a plain sequence, instead of a video")
      ->group("Sizes");
  addWholeList(app, "--segments", segments, "Lengths of packed documents, instead of a video")
      ->group("Sizes");
}

std::string LayoutOptions::firstGiven() const {
  std::pair<bool, const char *> options[] = {{!presetText.empty(), "--preset"},
                                             {frames.has_value(), "--frames"},
                                             {height.has_value(), "--height"},
                                             {width.has_value(), "--width"},
                                             {tokensPerFrame.has_value(), "--tokens-per-frame"},
                                             {text.has_value(), "--text"},
                                             {tokens.has_value(), "--tokens"},
                                             {!segments.empty(), "--segments"}};
  for (auto [isGiven, name] : options)
    if (isGiven)
      return name;
  return {};
}

Result<std::optional<Preset>> LayoutOptions::chosenPreset() const {
  if (presetText.empty())
    return std::optional<Preset>();
  LayoutOptions others = *this;
  others.presetText.clear();
  if (others.given())
    return misuse(
        fmt::format("--preset and {} both say how many tokens there are", others.firstGiven()),
        "leave one of them out");
  auto chosen = preset(presetText);
  if (!chosen)
    return chosen.error();
  return std::optional<Preset>(*chosen);
}

Result<Layout> LayoutOptions::layout() const {
  std::vector<Layout> layouts;
  bool video = frames || height || width || tokensPerFrame || text;
  if (tokens)
    layouts.push_back(Layout::sequence(*tokens));
  if (!segments.empty())
    layouts.push_back(Layout::packed(segments));
  if (video) {
    if (!frames)
      return misuse(fmt::format("{} without --frames", firstGiven()),
                    "say how many frames the video has");
    if (tokensPerFrame && (height || width))
      return misuse("--tokens-per-frame with --height or --width", "leave one of them out");
    if (!tokensPerFrame && !(height && width))
      return misuse("--frames without the size of a frame",
                    "add --height and --width, or --tokens-per-frame");
    layouts.push_back(tokensPerFrame ? Layout::frames(*frames, *tokensPerFrame, text.value_or(0))
                                     : Layout::video({.frames = *frames,
                                                      .height = *height,
                                                      .width = *width,
                                                      .text = text.value_or(0)}));
  }
  if (layouts.empty())
    return misuse("no sizes were given",
                  "add --preset, --frames with --height and --width, or --tokens");
  if (layouts.size() > 1)
    return misuse("more than one of a video, --tokens and --segments", "give one of them");
  if (Status status = layouts.front().check(); !status)
    return status.error();
  return layouts.front();
}

} // namespace halftone::cli
