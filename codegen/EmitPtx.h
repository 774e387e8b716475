#pragma once

#include "codegen/Target.h"

#include "mlir/IR/BuiltinOps.h"

namespace halftone {

/// PTX of a module in the llvm and nvvm dialects, which it leaves as it is. Same module, same text.
Result<std::string> emitPtx(mlir::ModuleOp module, const Target &target);

} // namespace halftone
