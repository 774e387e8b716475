#pragma once

#include <string_view>

namespace halftone::fuzz {

/// What a fuzz target is: reads `input` as its reader would, and ends the program (Require.h) where
/// something holds that must not. Returns whether the reader accepted the input. Each target has a
/// program of its own; LibFuzzer.cpp makes up its inputs, Replay.cpp takes them from a corpus.
bool feed(std::string_view input);

} // namespace halftone::fuzz
