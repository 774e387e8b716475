// Matrix products of tiles: blocks of rows by a panel of a few vectors, all sums in registers.
#include "codegen/Transforms/HtToVector/TileRoutines.h"

using namespace mlir;

namespace halftone {

namespace {

/// What is held in registers at once: `rows` rows of `vectors` vectors, plus `vectors` of b and one
/// broadcast of a. At least 8 sums hide the latency of two multiply-add units of 4 cycles each.
struct RegisterBlock {
  int64_t rows, vectors;
};
RegisterBlock registerBlock(int64_t width) {
  if (width >= 16) // 32 registers; the broadcast is part of the multiply-add
    return {8, 2};
  return {6, 2}; // 16 registers
}

/// Columns [column, column + vectors * width) of rows [row, row + rows).
struct Block {
  Value row, column;
  int64_t rows, vectors;
};

struct Product {
  TileBuffer a, b, result;
  int64_t depth;
  bool accumulate;

  Value address(VectorEmitter &emit, Value tile, int64_t stride, Value row, Value column) const {
    return emit.at(tile, emit.f32(), emit.add(emit.multiply(row, emit.integer(stride)), column));
  }

  void emitBlock(VectorEmitter &emit, ValueRange tiles, Block block) const {
    Type vector = emit.vectorOf(emit.f32());
    Value aStart = emit.at(tiles[0], emit.f32(), emit.multiply(block.row, emit.integer(a.stride)));
    Value bStart = emit.at(tiles[1], emit.f32(), block.column);
    Value start = address(emit, tiles[2], result.stride, block.row, block.column);
    auto sumAddress = [&](int64_t row, int64_t column) {
      return emit.at(start, emit.f32(), row * result.stride + column * emit.width);
    };

    SmallVector<Value> sums;
    for (int64_t row = 0; row < block.rows; ++row)
      for (int64_t column = 0; column < block.vectors; ++column)
        sums.push_back(accumulate ? emit.load(vector, sumAddress(row, column))
                                  : emit.real(vector, 0.0));
    sums = emit.loop(
        emit.integer(0), emit.integer(depth), 1, sums, [&](Value step, ValueRange carried) {
          SmallVector<Value> updated(carried);
          Value bRow = emit.at(bStart, emit.f32(), emit.multiply(step, emit.integer(b.stride)));
          SmallVector<Value> bVectors;
          for (int64_t column = 0; column < block.vectors; ++column)
            bVectors.push_back(emit.load(vector, emit.at(bRow, emit.f32(), column * emit.width)));
          Value aColumn = emit.at(aStart, emit.f32(), step);
          for (int64_t row = 0; row < block.rows; ++row) {
            Value factor =
                emit.broadcast(emit.load(emit.f32(), emit.at(aColumn, emit.f32(), row * a.stride)));
            for (int64_t column = 0; column < block.vectors; ++column) {
              Value &sum = updated[row * block.vectors + column];
              sum = LLVM::FMulAddOp::create(emit.builder, factor, bVectors[column], sum);
            }
          }
          return updated;
        });
    for (int64_t row = 0; row < block.rows; ++row)
      for (int64_t column = 0; column < block.vectors; ++column)
        emit.store(sums[row * block.vectors + column], sumAddress(row, column));
  }

  /// A panel of `vectors` vectors, whose part of b stays in the first-level cache, for all rows.
  void emitPanel(VectorEmitter &emit, ValueRange tiles, Value column, int64_t vectors) const {
    int64_t blockRows = registerBlock(emit.width).rows;
    int64_t whole = result.rows / blockRows * blockRows;
    if (whole)
      emit.loop(0, whole, blockRows,
                [&](Value row) { emitBlock(emit, tiles, {row, column, blockRows, vectors}); });
    if (whole < result.rows)
      emitBlock(emit, tiles, {emit.integer(whole), column, result.rows - whole, vectors});
  }
};

} // namespace

func::FuncOp TileRoutines::product(TileBuffer a, TileBuffer b, TileBuffer result, int64_t depth,
                                   bool accumulate) {
  std::string name = (accumulate ? "accumulate_product_" : "product_") +
                     std::to_string(result.rows) + "x" + std::to_string(result.columns) + "x" +
                     std::to_string(depth);
  return define(
      name, {pointer(), pointer(), pointer(), pointer()},
      [&](VectorEmitter &emit, ValueRange arguments) {
        Product product{a, b, result, depth, accumulate};
        int64_t vectors = registerBlock(width).vectors;
        int64_t step = vectors * width;
        int64_t whole = result.columns / step * step;
        ValueRange tiles = arguments.drop_front();
        if (whole)
          emit.loop(0, whole, step,
                    [&](Value column) { product.emitPanel(emit, tiles, column, vectors); });
        if (whole < result.columns)
          product.emitPanel(emit, tiles, emit.integer(whole), (result.columns - whole) / width);
      });
}

} // namespace halftone
