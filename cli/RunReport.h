#pragma once

#include "cli/Console.h"
#include "cli/Execution.h"
#include "cli/ProblemOptions.h"

namespace halftone::cli {

/// Says what ran, where, and how fast; `origin`: where its schedule comes from.
void report(Console &console, const ChosenProblem &chosen, const Place &place, const Ready &ready,
            const Measured &measured, const std::string &origin);

/// Says how the output compares with the reference.
void report(Console &console, const CheckReport &checked);

} // namespace halftone::cli
