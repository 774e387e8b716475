#pragma once

#include "codegen/Target.h"

namespace halftone::cli {

/// The default schedule of this problem and target with the fields of `text` put in their place,
/// checked against the target.
Result<Schedule> chooseSchedule(std::string_view text, const Problem &problem,
                                const Target &target);

/// The same, from another schedule than the default.
Result<Schedule> chooseSchedule(std::string_view text, Schedule schedule, const Problem &problem,
                                const Target &target);

} // namespace halftone::cli
