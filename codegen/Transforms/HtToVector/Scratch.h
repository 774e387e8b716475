#pragma once

#include "codegen/Transforms/HtToVector/TileRoutines.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

namespace halftone {

/// Hands out places in a thread's scratch, one after another.
class Scratch {
public:
  explicit Scratch(int64_t width) : width(width) {}

  int64_t allocate(int64_t bytes) {
    int64_t offset = top;
    top += int64_t(llvm::alignTo(uint64_t(bytes), 64));
    most = std::max(most, top);
    return offset;
  }

  TileBuffer allocateTile(int64_t rows, int64_t columns) {
    TileBuffer tile;
    tile.rows = rows;
    tile.columns = int64_t(llvm::alignTo(uint64_t(columns), uint64_t(width)));
    tile.stride = rows == 1 ? tile.columns : rowStride(tile.columns);
    tile.offset = allocate(tile.bytes());
    return tile;
  }

  /// One number a row is one row here; a matrix is what it is.
  TileBuffer allocateTile(ht::TileType type) {
    return type.isMatrix() ? allocateTile(type.getRows(), type.getColumns())
                           : allocateTile(1, type.getRows());
  }

  /// What was allocated since `mark` is free again.
  int64_t mark() const { return top; }
  void release(int64_t mark) { top = mark; }
  /// Bytes in use at the most crowded moment.
  int64_t bytes() const { return most; }

private:
  int64_t width, top = 0, most = 0;
};

} // namespace halftone
