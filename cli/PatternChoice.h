#pragma once

#include "kernels/PatternOptions.h"
#include "kernels/Presets.h"

#include <CLI/CLI.hpp>

namespace halftone::cli {

/// The options that choose a pattern: --pattern with the options of that pattern, or --where with
/// its text; and how it is rounded to blocks.
class PatternChoice {
public:
  void declare(CLI::App &app);

  /// The first of these options that was given, for messages; empty when none was.
  std::string firstGiven() const;

  /// The pattern on a layout; what is not given comes from the preset, if there is one. An option
  /// that the pattern does not use is refused.
  Result<Pattern> choose(const Layout &layout, const std::optional<Preset> &preset) const;

  /// A pattern of a comparison, and what it was called there.
  struct Named {
    std::string name;
    Pattern pattern;
  };
  /// The patterns of a list such as "radial:reference,window,where": names of --pattern, or `where`
  /// for that of --where; a rounding behind a colon stands for --rounding. Each takes of the
  /// options those it uses; one that none of them uses is refused.
  Result<std::vector<Named>> chooseSeveral(std::string_view list, const Layout &layout,
                                           const std::optional<Preset> &preset) const;

  const std::string &whereText() const { return where; }
  /// What to call the pattern.
  std::string name() const;
  int64_t blockSize() const { return block.value_or(PatternOptions().block); }

private:
  Status checkUsed(const NamedPattern &pattern) const;
  Status checkUsedByOne(const std::vector<Named> &chosen) const;
  Result<Pattern> chooseNamed(std::string_view name, std::string_view rounding,
                              const Layout &layout, const std::optional<Preset> &preset) const;
  Result<Pattern> chooseWhere(PatternRounding rounding) const;
  std::optional<bool> sink() const;
  /// Options of patterns that were given, by name.
  std::vector<std::string> givenOptions() const;

  std::string where, pattern, rounding;
  std::optional<double> decay;
  const CLI::Option *sinkOption = nullptr;
  bool sinkValue = true; ///< of sinkOption, where it was given
  std::optional<int64_t> block, window, framesApart, stride, sinkTokens;
  std::vector<int64_t> tile, tileWindow;
};

} // namespace halftone::cli
