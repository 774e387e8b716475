#pragma once

#include "runtime/Arguments.h"

#include <span>

namespace halftone {

/// A constant with what divides by it (ConstantArgument says how).
ConstantArgument constantArgument(int64_t value);

/// Passes the first of a program's constants in the arguments; what is left of them is 0.
void passConstants(std::span<const int64_t> constants, KernelArguments &arguments);

} // namespace halftone
