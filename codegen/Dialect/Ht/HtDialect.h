#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "codegen/Dialect/Ht/HtDialect.h.inc"
#include "codegen/Dialect/Ht/HtEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "codegen/Dialect/Ht/HtTypes.h.inc"

#define GET_OP_CLASSES
#include "codegen/Dialect/Ht/HtOps.h.inc"
