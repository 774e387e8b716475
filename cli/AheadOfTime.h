#pragma once

#include "cli/Console.h"
#include "cli/ProblemOptions.h"
#include "codegen/Compile.h"

namespace halftone::cli {

/// What `halftone compile --out` was asked for.
struct AheadOfTime {
  std::vector<Target> targets;
  std::string folder;   ///< made if it is not there; its parent must be
  std::string name;     ///< a C identifier
  std::string schedule; ///< fields to change in the default schedule of every target; may be empty
  bool tuned = true;    ///< without `schedule`: the one that was tuned, where there is one
  CompileOptions compiler;
};

/// The columns of what compiling came to, and the line and JSON object of one image.
void imageHeading(Console &console);
nlohmann::ordered_json reportImage(Console &console, const Image &image, double milliseconds);

/// Compiles `chosen` for every target, and, as PTX for GPUs that are newer than all of them, once
/// more for the newest. Then writes into the folder: `name`.h and `name`.c, which embed it all; the
/// machine code and the plan of each target; and last `name`.json, which says what the rest is.
/// Needs no GPU. Same input and same cache, same bytes.
Status compileAhead(Console &console, const AheadOfTime &options, const ChosenProblem &chosen);

} // namespace halftone::cli
