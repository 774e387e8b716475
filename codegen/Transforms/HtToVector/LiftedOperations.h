#pragma once

#include "codegen/Transforms/HtToVector/VectorEmitter.h"

namespace halftone {

/// Whether `liftOperation` can do it.
bool isLiftable(mlir::Operation &op);

/// The type of a value of the scalar program, for a vector of keys.
inline mlir::Type liftedType(VectorEmitter &emit, mlir::Type scalar) {
  return emit.vectorOf(scalar);
}

/// A scalar operation on vectors: `operands` are its operands as vectors, lane by lane;
/// `arguments` points to the kernel's arguments. Returns its result as a vector.
mlir::Value liftOperation(VectorEmitter &emit, mlir::Operation &op, mlir::ValueRange operands,
                          mlir::Value arguments);

} // namespace halftone
