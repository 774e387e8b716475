#pragma once

#include "codegen/MmaLimits.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "codegen/Dialect/Mma/MmaDialect.h.inc"
#include "codegen/Dialect/Mma/MmaEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "codegen/Dialect/Mma/MmaTypes.h.inc"

#define GET_OP_CLASSES
#include "codegen/Dialect/Mma/MmaOps.h.inc"
