#pragma once

namespace halftone::cli {

/// The whole `halftone` command: reads the arguments, runs the command they name, prints what went
/// wrong, and gives the exit code (docs/design.md, section 6).
int runCommandLine(int argc, char **argv);

} // namespace halftone::cli
