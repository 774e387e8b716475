#include "cli/PatternChoice.h"

#include "cli/OptionValues.h"
#include "dsl/Parse.h"

#include <fmt/format.h>

#include <algorithm>

namespace halftone::cli {
namespace {

Status takeExtent(const std::vector<int64_t> &values, const char *option,
                  patterns::Extent3 &extent) {
  if (values.empty())
    return {};
  if (values.size() != 3)
    return misuse(fmt::format("{} has {} sizes", option, values.size()),
                  "give frames,rows,columns, for example 4,8,8");
  extent = {values[0], values[1], values[2]};
  return {};
}

} // namespace

void PatternChoice::declare(CLI::App &app) {
  const PatternOptions defaults;
  const char *group = "Pattern";
  std::vector<std::string_view> names;
  for (const NamedPattern &named : namedPatterns())
    names.push_back(named.name);
  CLI::Option *byName =
      addText(app, "--pattern", pattern, fmt::format("{} (default dense)", fmt::join(names, ", ")))
          ->type_name("NAME")
          ->group(group);
  addText(app, "--where", where,
          "The pattern as text: \"k.frame == 0 | abs(q.frame - k.frame) <= 1\"")
      ->type_name("TEXT")
      ->group(group)
      ->excludes(byName);
  addText(app, "--rounding", rounding,
          "exact (token by token), any or all (blocks of which any or all pairs are kept), "
          "or reference (radial: the paper's code); default exact")
      ->type_name("NAME")
      ->group(group);
  addWhole(app, "--block", block, fmt::format("Tokens of a block (default {})", defaults.block))
      ->group(group);
  addNumber(
      app, "--decay", decay,
      fmt::format("radial: reach of the bands (default the preset's, else {})", defaults.decay))
      ->group(group);
  // As a flag of its own, which refuses a value that is none; CLI11 throws one at a function.
  sinkOption =
      app.add_flag(
             "--sink,!--no-sink", sinkValue,
             "radial, spatial, temporal: everyone sees frame 0 (default the preset's, else yes)")
          ->group(group);
  addWhole(app, "--window", window,
           fmt::format("window and others: reach in tokens (default {})", defaults.window))
      ->group(group);
  addWhole(app, "--frames-apart", framesApart,
           fmt::format("spatial: reach in frames (default {})", defaults.frames))
      ->group(group);
  addWhole(app, "--stride", stride,
           fmt::format("strided, dilated: every N-th key (default {})", defaults.stride))
      ->group(group);
  addWhole(app, "--sink-tokens", sinkTokens,
           "sink: first tokens that everyone sees (default a frame, or 4)")
      ->group(group);
  addWholeList(app, "--tile", tile, "tile-window: frames,rows,columns of a tile (default 4,8,8)")
      ->group(group);
  addWholeList(app, "--tile-window", tileWindow,
               "tile-window: tiles seen, frames,rows,columns (default 3,3,3)")
      ->group(group);
}

std::optional<bool> PatternChoice::sink() const {
  return sinkOption && sinkOption->count() ? std::optional(sinkValue) : std::nullopt;
}

std::vector<std::string> PatternChoice::givenOptions() const {
  std::pair<bool, const char *> options[] = {
      {decay.has_value(), "decay"},   {sink().has_value(), "sink"},
      {window.has_value(), "window"}, {framesApart.has_value(), "frames-apart"},
      {stride.has_value(), "stride"}, {sinkTokens.has_value(), "sink-tokens"},
      {!tile.empty(), "tile"},        {!tileWindow.empty(), "tile-window"}};
  std::vector<std::string> given;
  for (auto [isGiven, name] : options)
    if (isGiven)
      given.emplace_back(name);
  return given;
}

std::string PatternChoice::firstGiven() const {
  if (!pattern.empty())
    return "--pattern";
  if (!where.empty())
    return "--where";
  if (!rounding.empty())
    return "--rounding";
  std::vector<std::string> given = givenOptions();
  return given.empty() ? std::string() : "--" + given.front();
}

std::string PatternChoice::name() const {
  return !where.empty() ? "where" : pattern.empty() ? "dense" : pattern;
}

Status PatternChoice::checkUsed(const NamedPattern &named) const {
  for (const std::string &option : givenOptions())
    if (std::find(named.options.begin(), named.options.end(), option) == named.options.end())
      return misuse(fmt::format("pattern {} has no --{}", named.name, option),
                    named.options.empty()
                        ? "it has no options of its own"
                        : fmt::format("its options are --{}", fmt::join(named.options, ", --")));
  return {};
}

Result<Pattern> PatternChoice::chooseWhere(PatternRounding how) const {
  auto parsed = parsePattern(where);
  if (!parsed)
    return parsed.error();
  switch (how) {
  case PatternRounding::Exact:
    return *parsed;
  case PatternRounding::Any:
    return rounded(*parsed, Rounding::Any, blockSize());
  case PatternRounding::All:
    return rounded(*parsed, Rounding::All, blockSize());
  case PatternRounding::Reference:
    break;
  }
  return misuse("--rounding reference is that of the radial pattern, not of --where",
                "use exact, any or all");
}

Result<Pattern> PatternChoice::chooseNamed(std::string_view chosenName,
                                           std::string_view roundingName, const Layout &layout,
                                           const std::optional<Preset> &preset) const {
  PatternOptions options;
  if (!roundingName.empty()) {
    auto how = parseRounding(roundingName);
    if (!how)
      return how.error();
    options.rounding = *how;
  }
  options.block = blockSize();
  if (options.block < 1 || options.block > int64_t{1} << 20)
    return misuse(fmt::format("--block {} is not 1 to {}", options.block, int64_t{1} << 20),
                  "use 64 or 128");
  if (chosenName == "where")
    return chooseWhere(options.rounding);

  options.decay = decay ? *decay : preset && preset->decay ? *preset->decay : options.decay;
  options.sink = sink().value_or(preset ? preset->sink : options.sink);
  options.window = window.value_or(options.window);
  options.frames = framesApart.value_or(options.frames);
  options.stride = stride.value_or(options.stride);
  options.sinkTokens = sinkTokens;
  if (Status status = takeExtent(tile, "--tile", options.tile); !status)
    return status.error();
  if (Status status = takeExtent(tileWindow, "--tile-window", options.tileWindow); !status)
    return status.error();
  return patternByName(chosenName, options, layout);
}

Result<Pattern> PatternChoice::choose(const Layout &layout,
                                      const std::optional<Preset> &preset) const {
  if (std::vector<std::string> given = givenOptions(); !where.empty() && !given.empty())
    return misuse(fmt::format("--{} is of no use to --where", given.front()), "leave it out");
  auto chosen = chooseNamed(name(), rounding, layout, preset);
  if (!chosen)
    return chosen;
  for (const NamedPattern &named : namedPatterns())
    if (named.name == name())
      if (Status status = checkUsed(named); !status)
        return status.error();
  return chosen;
}

Status PatternChoice::checkUsedByOne(const std::vector<Named> &chosen) const {
  auto isUsed = [&](const std::string &option) {
    for (const NamedPattern &named : namedPatterns())
      for (const Named &one : chosen)
        if (one.name.substr(0, one.name.find(':')) == named.name &&
            std::find(named.options.begin(), named.options.end(), option) != named.options.end())
          return true;
    return false;
  };
  for (const std::string &option : givenOptions())
    if (!isUsed(option))
      return misuse(fmt::format("none of the compared patterns has --{}", option), "leave it out");
  return {};
}

Result<std::vector<PatternChoice::Named>>
PatternChoice::chooseSeveral(std::string_view list, const Layout &layout,
                             const std::optional<Preset> &preset) const {
  if (!pattern.empty())
    return misuse("--pattern and --compare both name patterns", "leave --pattern out");
  std::vector<Named> chosen;
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(',', begin), list.size());
    std::string_view word = list.substr(begin, end - begin), roundingName = rounding;
    begin = end + 1;
    for (const Named &other : chosen)
      if (other.name == word)
        return misuse(fmt::format("--compare names `{}` twice", word), "leave one of them out");
    std::string_view patternName = word.substr(0, word.find(':'));
    if (patternName.size() < word.size())
      roundingName = word.substr(patternName.size() + 1);
    if (patternName == "where" && where.empty())
      return misuse("--compare names `where`, and there is no --where", "add it");
    auto made = chooseNamed(patternName, roundingName, layout, preset);
    if (!made)
      return made.error();
    chosen.push_back({std::string(word), *made});
  }
  bool takesWhere = std::any_of(chosen.begin(), chosen.end(),
                                [](const Named &one) { return one.name.starts_with("where"); });
  if (!where.empty() && !takesWhere)
    return misuse("--where is not among the compared patterns", "add `where` to --compare");
  if (Status status = checkUsedByOne(chosen); !status)
    return status.error();
  return chosen;
}

} // namespace halftone::cli
