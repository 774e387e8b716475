#pragma once

#include "autotune/Tuner.h"
#include "cli/Console.h"
#include "cli/ProblemOptions.h"

namespace halftone::cli {

/// What a search came to, and what it is compared with.
struct Tuned {
  TuneReport report;
  std::optional<double> denseMs; ///< the dense pattern with its default schedule
  std::string denseTrouble;      ///< why there is none
  std::string journal;           ///< empty: none
  std::string kept;              ///< where the configuration is; empty: nowhere
};

/// Says what was found; fills the document.
void reportTuned(Console &console, const ChosenProblem &chosen, const Target &target,
                 const Tuned &tuned);

} // namespace halftone::cli
