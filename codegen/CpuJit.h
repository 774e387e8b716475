#pragma once

#include "codegen/Target.h"
#include "runtime/Arguments.h"

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace halftone {

/// Machine code of the host, in memory.
struct CpuCode {
  CpuEntry entry = nullptr;
  std::shared_ptr<void> keepAlive; ///< owns the code
  std::vector<char> object;        ///< the relocatable object it was linked from
};

/// Floats of a vector register of this machine: 4, 8 or 16.
int hostVectorWidth();

/// Compiles a module in the llvm dialect for this machine and looks up `entry`. Same module, same
/// object bytes on the same machine.
Result<CpuCode> jitCpu(mlir::ModuleOp module, std::string_view entry);

/// Links an object of this machine, such as one that jitCpu gave, and looks up `entry`.
Result<CpuCode> loadCpu(std::vector<char> object, std::string_view entry);

} // namespace halftone
