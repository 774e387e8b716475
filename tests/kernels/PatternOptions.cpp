#include "kernels/PatternOptions.h"

#include "dsl/Problem.h"
#include "kernels/patterns/Radial.h"
#include "kernels/patterns/SparseVideo.h"
#include "kernels/patterns/Strided.h"
#include "kernels/patterns/Window.h"

#include <doctest/doctest.h>

#include <limits>

namespace halftone {
namespace {

const Layout clip = Layout::video({.frames = 4, .height = 4, .width = 4, .text = 3});
const Layout sequence = Layout::sequence(64);

Pattern known(std::string_view name, const PatternOptions &options, const Layout &layout = clip) {
  Result<Pattern> pattern = patternByName(name, options, layout);
  REQUIRE_MESSAGE(pattern, (pattern ? "" : pattern.error().text()));
  return *pattern;
}

std::string refused(std::string_view name, const PatternOptions &options,
                    const Layout &layout = clip) {
  Result<Pattern> pattern = patternByName(name, options, layout);
  REQUIRE_FALSE(pattern);
  CHECK(pattern.error().code == ErrorCode::Misuse);
  return pattern.error().text();
}

TEST_CASE("every named pattern is a problem that checks, by its defaults") {
  CHECK(namedPatterns().size() == 13);
  for (const NamedPattern &named : namedPatterns()) {
    CAPTURE(named.name);
    CHECK_FALSE(named.summary.empty());
    Layout layout = named.name == "documents" ? Layout::packed({5, 9}) : clip;
    CHECK(attention(layout, {}).where(known(named.name, {}, layout)).check());
  }
}

TEST_CASE("options reach the pattern") {
  using namespace patterns;
  CHECK(known("radial", {.decay = 0.7, .sink = false, .block = 64}) ==
        radial(clip, {.decay = 0.7, .sink = false, .block = 64}));
  CHECK(known("radial", {.rounding = PatternRounding::Reference, .block = 64}) ==
        radialReference({.block = 64}));
  CHECK(known("window", {.window = 9}) == window(clip, 9));
  CHECK(known("causal-window", {.window = 9}) == causalWindow(clip, 9));
  CHECK(known("strided", {.window = 5, .stride = 3}) == strided(clip, 3, 5));
  CHECK(known("dilated", {.window = 5, .stride = 3}) == dilated(clip, 3, 5));
  CHECK(known("spatial", {.sink = false, .frames = 2}) == spatial(clip, 2, false));
  CHECK(known("temporal", {.window = 6}) == temporal(clip, 6, true));
  CHECK(known("tile-window", {.tile = {1, 2, 3}, .tileWindow = {4, 5, 6}}) ==
        tileWindow(clip, {.tile = {1, 2, 3}, .window = {4, 5, 6}}));
  CHECK(known("window", {.rounding = PatternRounding::All, .block = 16, .window = 20}) ==
        rounded(window(clip, 20), Rounding::All, 16));
  CHECK(known("sink", {}).text().starts_with("k.index < 16 |"));
  CHECK(known("sink", {}, sequence).text().starts_with("k.index < 4 |"));
  CHECK(known("sink", {.sinkTokens = 9}).text().starts_with("k.index < 9 |"));
}

TEST_CASE("what a named pattern refuses") {
  CHECK(refused("casual", {}) == "unknown pattern 'casual'; did you mean causal");
  CHECK(refused("window", {.window = -1}) == "a window of -1; use at least 0");
  CHECK(refused("strided", {.stride = 0}) == "a stride of 0; use at least 1");
  CHECK(refused("spatial", {.frames = -2}) == "a frames-apart of -2; use at least 0");
  CHECK(refused("tile-window", {.tile = {2, 0, 2}}) == "a tile of 0; use at least 1");
  CHECK(refused("tile-window", {.tileWindow = {2, 2, -1}}) ==
        "a tile-window of -1; use at least 1");
  CHECK(refused("sink", {.sinkTokens = -1}) == "a sink-tokens of -1; use at least 0");
  CHECK(refused("dense", {.rounding = PatternRounding::Any, .block = 0}) ==
        "a block of 0; use at least 1");
  CHECK(refused("window", {.window = int64_t{1} << 40}) ==
        "a window of 1099511627776; use at most 2147483647");
  for (double decay :
       {-0.2, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    CHECK(refused("radial", {.decay = decay})
              .ends_with("use a finite decay that is not negative, for example 0.2"));
  CHECK(refused("causal", {.rounding = PatternRounding::Reference}) ==
        "the reference rounding is that of the radial pattern, not of causal; use exact, any or "
        "all");
  CHECK(refused("text", {}, sequence) == "the text pattern keeps nothing on a layout without text "
                                         "tokens; give a number of text tokens");
  CHECK(refused("documents", {}, sequence) ==
        "the documents pattern needs a packed layout; give the lengths of the documents");
  CHECK(refused("dense", {}, Layout::sequence(0)).starts_with("a layout of 0 tokens"));
}

TEST_CASE("an option that a pattern does not use is not looked at") {
  CHECK(known("dense", {.decay = -1, .window = -1}) == Pattern::dense());
}

TEST_CASE("roundings by name") {
  CHECK(*parseRounding("exact") == PatternRounding::Exact);
  CHECK(*parseRounding("any") == PatternRounding::Any);
  CHECK(*parseRounding("all") == PatternRounding::All);
  CHECK(*parseRounding("reference") == PatternRounding::Reference);
  Result<PatternRounding> unknown = parseRounding("referense");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().text() == "unknown rounding 'referense'; did you mean reference");
}

} // namespace
} // namespace halftone
