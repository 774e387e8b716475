#pragma once

#include "codegen/Compile.h"
#include "kernels/TunedSchedule.h"

namespace halftone::cli {

class Console;
struct Place;

/// The default schedule of this problem and target with the fields of `text` put in their place,
/// checked against the target. A schedule as it is printed (Schedule::text: tileQ, tileK, stages
/// and order are all there) is taken as it is.
Result<Schedule> chooseSchedule(std::string_view text, const Problem &problem,
                                const Target &target);

/// The same; but without a text the schedule that was tuned for this problem on this device, where
/// the cache has one, and where it comes from. Trouble with the cache is a warning.
Result<TunedSchedule> chooseScheduleHere(Console &console, std::string_view text,
                                         const Problem &problem, const Place &place,
                                         const CompileOptions &compiler);

} // namespace halftone::cli
