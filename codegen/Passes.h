#pragma once

#include "mlir/Pass/Pass.h"

namespace halftone {

#define GEN_PASS_DECL
#include "codegen/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "codegen/Passes.h.inc"

} // namespace halftone
