#pragma once

#include "dsl/Problem.h"

namespace halftone::fuzz {

/// What holds of every pattern that is no mistake: its text reads back to the same pattern.
void requireReadsBack(const Pattern &pattern);
/// What holds of every problem: its text reads back to the same text, a mistake in it is a Misuse
/// with a printable message, and without one it lowers to a program, or is Unsupported. Returns
/// whether there is none.
bool requireSound(const Problem &problem);

} // namespace halftone::fuzz
