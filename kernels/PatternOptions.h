#pragma once

#include "kernels/patterns/TileWindow.h"

#include <optional>
#include <span>
#include <string_view>

namespace halftone {

/// From a pattern to what is kept: its pairs (exact); whole blocks of which any, or all, pairs are
/// kept; or, of the radial pattern, the blocks that the paper's code keeps.
enum class PatternRounding : uint8_t { Exact, Any, All, Reference };
Result<PatternRounding>
parseRounding(std::string_view name); ///< "exact", "any", "all", "reference"

/// The options of all named patterns. Each pattern uses some: NamedPattern says which.
struct PatternOptions {
  double decay = 0.2;
  bool sink = true; ///< everyone sees frame 0
  PatternRounding rounding = PatternRounding::Exact;
  int64_t block = 128;  ///< tokens of a block, of every rounding but exact; least reach of radial
  int64_t window = 256; ///< how far a query sees, in tokens or places, on either side
  int64_t frames = 1;   ///< how far a query sees, in frames
  int64_t stride = 8;
  std::optional<int64_t> sinkTokens;     ///< default: a frame of a video, 4 tokens of a sequence
  patterns::Extent3 tile{4, 8, 8};       ///< tokens of a tile
  patterns::Extent3 tileWindow{3, 3, 3}; ///< tiles of a window
};

/// A pattern that has a name on the command line.
struct NamedPattern {
  std::string_view name;
  std::string_view summary;
  /// The options that it uses beside rounding and block, by their names on the command line.
  std::span<const std::string_view> options;
};
std::span<const NamedPattern> namedPatterns();

/// The pattern of that name for a layout. An unknown name, an option out of range, or a pattern
/// that means nothing on this layout is a Misuse.
Result<Pattern> patternByName(std::string_view name, const PatternOptions &options,
                              const Layout &layout);

} // namespace halftone
