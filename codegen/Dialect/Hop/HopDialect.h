#pragma once

#include "codegen/Dialect/Ht/HtDialect.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include "codegen/Dialect/Hop/HopDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "codegen/Dialect/Hop/HopTypes.h.inc"

#define GET_OP_CLASSES
#include "codegen/Dialect/Hop/HopOps.h.inc"
