#include "kernels/PatternOptions.h"

#include "dsl/Nearest.h"
#include "kernels/patterns/Causal.h"
#include "kernels/patterns/Dense.h"
#include "kernels/patterns/Documents.h"
#include "kernels/patterns/Radial.h"
#include "kernels/patterns/Sink.h"
#include "kernels/patterns/SparseVideo.h"
#include "kernels/patterns/Strided.h"
#include "kernels/patterns/Text.h"
#include "kernels/patterns/Window.h"

#include <array>
#include <cmath>
#include <vector>

namespace halftone {

namespace {

constexpr std::string_view windowOption[] = {"window"};
constexpr std::string_view radialOptions[] = {"decay", "sink"};
constexpr std::string_view sinkOptions[] = {"sink-tokens", "window"};
constexpr std::string_view spatialOptions[] = {"frames-apart", "sink"};
constexpr std::string_view strideOptions[] = {"stride", "window"};
constexpr std::string_view temporalOptions[] = {"window", "sink"};
constexpr std::string_view tileOptions[] = {"tile", "tile-window"};

constexpr NamedPattern named[] = {
    {"dense", "every query sees every key", {}},
    {"causal", "every query sees the keys up to its own position", {}},
    {"window", "keys at most a window away, on both sides", windowOption},
    {"causal-window", "a query and the window of keys before it", windowOption},
    {"tile-window", "3-D sliding tiles of frames x rows x columns (arXiv 2502.04507)", tileOptions},
    {"strided", "a window, and every stride-th key (arXiv 1904.10509)", strideOptions},
    {"dilated", "every stride-th key of a window (arXiv 2004.05150)", strideOptions},
    {"sink", "the first tokens, and a window (arXiv 2309.17453)", sinkOptions},
    {"text", "text sees, and is seen by, everything; video sees text only", {}},
    {"documents", "packed documents see themselves only", {}},
    {"radial", "bands that narrow with frame distance (arXiv 2506.19852)", radialOptions},
    {"spatial", "near frames, whole (Sparse VideoGen, arXiv 2502.01776)", spatialOptions},
    {"temporal", "near places of every frame (Sparse VideoGen, arXiv 2502.01776)", temporalOptions},
};

constexpr std::string_view roundings[] = {"exact", "any", "all", "reference"};

struct Check {
  std::string_view option;
  int64_t value, least;
};

/// The options of a pattern that its name says it uses are in range.
Status checkOptions(const NamedPattern &pattern, const PatternOptions &options) {
  std::vector<Check> checks{{"block", options.block, 1}};
  for (std::string_view option : pattern.options) {
    if (option == "decay" && !(std::isfinite(options.decay) && options.decay >= 0))
      return misuse("a decay of " + std::to_string(options.decay),
                    "use a finite decay that is not negative, for example 0.2");
    if (option == "window")
      checks.push_back({option, options.window, 0});
    if (option == "frames-apart")
      checks.push_back({option, options.frames, 0});
    if (option == "stride")
      checks.push_back({option, options.stride, 1});
    if (option == "sink-tokens")
      checks.push_back({option, options.sinkTokens.value_or(0), 0});
    if (option == "tile")
      for (int64_t size : {options.tile.frames, options.tile.rows, options.tile.columns})
        checks.push_back({option, size, 1});
    if (option == "tile-window")
      for (int64_t size :
           {options.tileWindow.frames, options.tileWindow.rows, options.tileWindow.columns})
        checks.push_back({option, size, 1});
  }
  for (const Check &check : checks) {
    if (check.value < check.least)
      return misuse("a " + std::string(check.option) + " of " + std::to_string(check.value),
                    "use at least " + std::to_string(check.least));
    if (check.value > INT32_MAX)
      return misuse("a " + std::string(check.option) + " of " + std::to_string(check.value),
                    "use at most " + std::to_string(INT32_MAX));
  }
  return {};
}

/// Patterns that would keep nothing, or everything, on a layout that lacks what they are about.
Status checkLayout(std::string_view name, const Layout &layout) {
  if (name == "documents" && !layout.isPacked())
    return misuse("the documents pattern needs a packed layout",
                  "give the lengths of the documents");
  if (name == "text" && layout.textTokens() == 0)
    return misuse("the text pattern keeps nothing on a layout without text tokens",
                  "give a number of text tokens");
  return {};
}

Pattern exactPattern(std::string_view name, const PatternOptions &options, const Layout &layout) {
  int64_t sinkTokens = layout.frameCount() > 1 ? layout.tokensPerFrame() : 4;
  if (name == "causal")
    return patterns::causal(layout);
  if (name == "window")
    return patterns::window(layout, options.window);
  if (name == "causal-window")
    return patterns::causalWindow(layout, options.window);
  if (name == "tile-window")
    return patterns::tileWindow(layout, {.tile = options.tile, .window = options.tileWindow});
  if (name == "strided")
    return patterns::strided(layout, options.stride, options.window);
  if (name == "dilated")
    return patterns::dilated(layout, options.stride, options.window);
  if (name == "sink")
    return patterns::sink(layout, options.sinkTokens.value_or(sinkTokens), options.window);
  if (name == "text")
    return patterns::text(layout);
  if (name == "documents")
    return patterns::documents(layout);
  if (name == "radial")
    return patterns::radial(layout,
                            {.decay = options.decay, .sink = options.sink, .block = options.block});
  if (name == "spatial")
    return patterns::spatial(layout, options.frames, options.sink);
  if (name == "temporal")
    return patterns::temporal(layout, options.window, options.sink);
  return patterns::dense();
}

} // namespace

std::span<const NamedPattern> namedPatterns() { return named; }

Result<PatternRounding> parseRounding(std::string_view name) {
  for (size_t i = 0; i < std::size(roundings); ++i)
    if (name == roundings[i])
      return PatternRounding(i);
  return misuse("unknown rounding '" + std::string(name) + "'",
                nearestFix(name, std::span(roundings)));
}

Result<Pattern> patternByName(std::string_view name, const PatternOptions &options,
                              const Layout &layout) {
  const NamedPattern *pattern = nullptr;
  std::vector<std::string_view> names;
  for (const NamedPattern &candidate : named) {
    names.push_back(candidate.name);
    if (candidate.name == name)
      pattern = &candidate;
  }
  if (!pattern)
    return misuse("unknown pattern '" + std::string(name) + "'", nearestFix(name, names));
  if (Status status = checkOptions(*pattern, options); !status)
    return status.error();
  if (Status status = layout.check(); !status)
    return status.error();
  if (Status status = checkLayout(name, layout); !status)
    return status.error();
  if (options.rounding == PatternRounding::Reference) {
    if (name != "radial")
      return misuse("the reference rounding is that of the radial pattern, not of " +
                        std::string(name),
                    "use exact, any or all");
    return patterns::radialReference(
        {.decay = options.decay, .sink = options.sink, .block = options.block});
  }
  Pattern exact = exactPattern(name, options, layout);
  if (options.rounding == PatternRounding::Exact)
    return exact;
  Rounding rounding = options.rounding == PatternRounding::Any ? Rounding::Any : Rounding::All;
  return rounded(exact, rounding, options.block)
      .named(std::string(name) + ", " + std::string(roundings[size_t(options.rounding)]));
}

} // namespace halftone
