#pragma once

#include "autotune/StopSignal.h"
#include "autotune/Tuner.h"
#include "cli/TuneReport.h"

namespace halftone::cli {

/// Seconds that timing the dense pattern in place of a problem's own is likely to take, on what
/// `machine` can do.
double guessDenseSeconds(const Problem &problem, const MachineFacts &machine);

/// Times the dense pattern with its default schedule after a search that `options` are of, in what
/// the search has left of `seconds` (0: no limit). Fills in `tuned`: the time, or why there is
/// none.
void timeDense(const Problem &problem, const Target &target, TuneOptions options, double seconds,
               StopSignal &stop, Tuned &tuned);

} // namespace halftone::cli
