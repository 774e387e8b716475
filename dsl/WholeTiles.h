#pragma once

#include "dsl/Expr.h"

#include <cstdint>

namespace halftone {

/// Block sizes of block masks in a pattern: 0 if there is none, else their greatest common divisor.
int64_t maskBlock(const Pattern &pattern);

/// Whether tiles of rows x columns that start at multiples of both are kept whole or not at all, by
/// the pattern's form alone: it is made of block masks whose blocks are multiples of the tile, and
/// of choices by head and batch element. A kernel for it needs no mask.
bool keepsWholeTiles(const Pattern &pattern, int64_t rows, int64_t columns);

} // namespace halftone
