// The options by which every command takes a pattern and sizes: one argument a line.

#include "cli/OptionValues.h"
#include "cli/ProblemOptions.h"
#include "tests/fuzz/CheckedProblem.h"
#include "tests/fuzz/Require.h"
#include "tests/fuzz/Target.h"

#include <algorithm>

namespace halftone::fuzz {
namespace {

/// The lines, the last first: CLI11 takes arguments from the back.
std::vector<std::string> arguments(std::string_view input) {
  std::vector<std::string> lines;
  while (!input.empty()) {
    size_t end = std::min(input.find('\n'), input.size());
    lines.emplace_back(input.substr(0, end));
    input.remove_prefix(std::min(input.size(), end + 1));
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

/// What holds of a problem that the options gave.
void checkChosen(const cli::ChosenProblem &chosen, std::string_view input) {
  require(bool(chosen.problem.check()), "a chosen problem is sound", input);
  requireReadsBack(chosen.problem.pattern());
  requireSound(chosen.problem);
}

/// A problem may be in a file, --problem @FILE, which may not be there.
void checkRefusal(const Error &error, std::string_view input) {
  require(error.code == ErrorCode::Misuse || error.code == ErrorCode::File,
          "a refusal is a misuse, or about a file", input);
  require(!error.message.empty(), "a refusal says why", input);
}

} // namespace

bool feed(std::string_view input) {
  CLI::App app;
  cli::ProblemOptions options;
  options.declare(app);
  std::string list;
  cli::addText(app, "--compare", list, "The patterns of a comparison");
  try {
    app.parse(arguments(input));
  } catch (const CLI::ParseError &) {
    return false;
  }
  cli::Console console("fuzz");
  if (!list.empty()) {
    auto several = options.chooseSeveral(console, Element::BF16, list);
    if (several)
      for (const cli::ChosenProblem &chosen : *several)
        checkChosen(chosen, input);
    else
      checkRefusal(several.error(), input);
    return bool(several);
  }
  auto chosen = options.choose(console, Element::F32);
  if (chosen)
    checkChosen(*chosen, input);
  else
    checkRefusal(chosen.error(), input);
  return bool(chosen);
}

} // namespace halftone::fuzz
