#pragma once

#include "cli/TuneReport.h"

namespace halftone::cli {

/// One page of HTML that says all of a search and needs nothing but itself: the problem and its
/// mask, how the best was found, how near it is to what the machine can do, which knobs mattered,
/// every candidate in a table that sorts, and what was left out and why. `settings`: how it was
/// searched, one line.
Result<std::string> tunePage(const ChosenProblem &chosen, const Target &target, const Tuned &tuned,
                             std::string_view settings);

} // namespace halftone::cli
