#pragma once

#include "dsl/Problem.h"

#include <optional>
#include <span>
#include <string_view>

namespace halftone {

/// A published video model's attention at one resolution and length.
struct Preset {
  std::string model;
  int64_t width = 0, height = 0, frames = 0; ///< of the video, in pixels and frames
  Layout layout;                             ///< of its tokens
  AttentionShape shape;                      ///< one batch element, bf16
  bool sink = false;                         ///< whether everyone sees the first frame
  std::optional<double> decay;               ///< of the reference scripts, where they have one
};

/// "wan2.1-14b:1280x720x81": model, width, height and frames of the video (docs/radial.md). Width
/// and height are multiples of 16; any number of frames is fine.
Result<Preset> preset(std::string_view text);

/// The models a preset can name.
std::span<const std::string_view> presetModels();

} // namespace halftone
