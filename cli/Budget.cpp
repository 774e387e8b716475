#include "cli/Budget.h"

#include <fmt/format.h>

#include <charconv>

namespace halftone::cli {

Result<Budget> parseBudget(std::string_view text) {
  double number = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(size_t(end - text.data()));
  while (unit.starts_with(' '))
    unit.remove_prefix(1);
  constexpr const char *fix = "use a time such as 60s or 5m, or a number such as `40 candidates`";
  bool isCount = unit == "candidates" || unit == "candidate";
  if (failure != std::errc() || (unit != "s" && unit != "m" && !isCount))
    return misuse(fmt::format("--budget `{}` is not a budget", text), fix);
  if (isCount) {
    if (!(number >= 1 && number <= 1e6) || number != double(int64_t(number)))
      return misuse(fmt::format("--budget `{}`: a search has 1 to 1000000 candidates", text), fix);
    return Budget{.seconds = 0, .candidates = int64_t(number)};
  }
  double seconds = unit == "m" ? number * 60 : number;
  if (!(seconds >= 1 && seconds <= 7 * 86400))
    return misuse(fmt::format("--budget `{}`: a search takes 1 second to 7 days", text), fix);
  return Budget{.seconds = seconds, .candidates = 0};
}

} // namespace halftone::cli
