#pragma once

#include "kernels/Presets.h"

#include <CLI/CLI.hpp>

#include <optional>

namespace halftone::cli {

/// The options that say how many tokens there are and how they lie: --preset; --frames with
/// --height and --width, or with --tokens-per-frame; --text; --tokens; --segments.
class LayoutOptions {
public:
  void declare(CLI::App &app);

  bool given() const { return !firstGiven().empty(); }
  /// The first of these options that was given, for messages; empty when none was.
  std::string firstGiven() const;

  /// The preset, where one was asked for.
  Result<std::optional<Preset>> chosenPreset() const;
  /// The layout of the other options, checked.
  Result<Layout> layout() const;

private:
  std::string presetText;
  std::optional<int64_t> frames, height, width, text, tokensPerFrame, tokens;
  std::vector<int64_t> segments;
};

} // namespace halftone::cli
