#pragma once

#include "codegen/Target.h"

namespace halftone {

/// What ptxas -v said of the kernel.
struct PtxasReport {
  uint32_t registers = 0;
  uint32_t spillBytes = 0; ///< stores and loads together
  uint32_t stackBytes = 0;
  std::string messages; ///< everything it printed
};

struct Cubin {
  std::vector<char> bytes;
  PtxasReport report;
};

/// Path of ptxas: `wanted` if not empty, else HALFTONE_PTXAS, CUDA_HOME, PATH, /usr/local/cuda, the
/// build's own, in this order. Unsupported, naming the places, where there is none.
Result<std::string> findPtxas(std::string_view wanted = {});

/// Assembles PTX for the target's architecture by the ptxas at `ptxas` (a path). CompileFailed with
/// its messages where it refuses.
Result<Cubin> assemble(std::string_view ptx, const Target &target, const std::string &ptxas);

/// SASS of a cubin, by nvdisasm, which is looked for where ptxas is.
Result<std::string> disassemble(const std::vector<char> &cubin);

} // namespace halftone
