#pragma once

#include "mlir/Transforms/DialectConversion.h"

namespace halftone {

/// Copies, waits, loads and stores of shared tiles (MmaToNvvmMemory.cpp).
void populateMmaMemoryPatterns(const mlir::TypeConverter &converter,
                               mlir::RewritePatternSet &patterns);
/// Work on fragments, rows and columns (MmaToNvvmRegisters.cpp).
void populateMmaRegisterPatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns);
/// f32 functions that the hardware approximates well: exp2, log2, tanh, division
/// (MmaToNvvmMath.cpp).
void populateMmaMathPatterns(mlir::RewritePatternSet &patterns);

/// The symbol of the block's dynamic shared memory.
inline constexpr llvm::StringLiteral sharedMemoryName = "halftone_shared";

} // namespace halftone
