#pragma once

#include <cstdint>
#include <string>

namespace halftone::cli {

/// What the CPU side of this machine is.
struct HostFacts {
  std::string cpu;
  unsigned threads = 0; ///< that this process may use
  int vectorWidth = 0;  ///< floats of a vector register
  uint64_t memoryBytes = 0;
};
HostFacts hostFacts();

/// "22.1.8"
std::string llvmVersion();

/// The line of `program --version` that has a version in it; a reason when it did not run.
std::string programVersion(const std::string &program);

} // namespace halftone::cli
