#pragma once

#include <string>

namespace halftone::test {

/// PTX of a kernel `faulty` that takes KernelArguments and does what `fault` names instead of
/// attention; empty where it names none: "wrong", "overwrites", "hangs", "illegal-address",
/// "misaligned", "asserts", "traps", "no-ptx".
std::string faultyKernel(const std::string &fault);

} // namespace halftone::test
