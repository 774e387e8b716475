#pragma once

#include "codegen/Compile.h"

#include <CLI/CLI.hpp>

namespace halftone::cli {

/// --dump-to, --time-passes, --ptxas: for every command that compiles.
void declareCompilerOptions(CLI::App &app, CompileOptions &options);

/// What an image is, for a JSON document.
std::string_view imageKindName(Image::Kind kind);

} // namespace halftone::cli
