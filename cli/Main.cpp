#include "cli/CommandLine.h"

int main(int argc, char **argv) { return halftone::cli::runCommandLine(argc, argv); }
