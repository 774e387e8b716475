// Tiles from and to the tensors of the problem.
#include "codegen/Transforms/HtToVector/TileRoutines.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace halftone {

static std::string nameOf(StringRef what, int64_t rows, int64_t headDim, Type element) {
  std::string name;
  llvm::raw_string_ostream(name) << what << "_" << rows << "x" << headDim << "_" << element;
  return name;
}

/// Address of tensor row `row`, or `zeros` at and past `length`.
static Value rowAddress(VectorEmitter &emit, Type element, Value tensor, Value stride, Value row,
                        Value length, Value zeros) {
  Value isInside = arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::slt, row, length);
  return arith::SelectOp::create(emit.builder, isInside,
                                 emit.at(tensor, element, emit.multiply(row, stride)), zeros);
}

/// `lanes` elements as f32, followed by zeros up to a whole vector.
static Value loadPadded(VectorEmitter &emit, Type element, Value address, int64_t lanes) {
  Value vector = emit.loadAsF32(element, address, lanes);
  if (lanes == emit.width)
    return vector;
  Value zeros = emit.real(emit.vectorOf(emit.f32(), lanes), 0.0);
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < emit.width; ++lane)
    order.push_back(lane < lanes ? lane : lanes);
  return emit.shuffle(vector, zeros, order);
}

/// Calls `chunk(column, lanes)` for the whole vectors of a row, then for its rest.
static void forChunks(VectorEmitter &emit, int64_t columns,
                      function_ref<void(Value column, int64_t lanes)> chunk) {
  int64_t whole = columns / emit.width * emit.width;
  if (whole)
    emit.loop(0, whole, emit.width, [&](Value column) { chunk(column, emit.width); });
  if (whole < columns)
    chunk(emit.integer(whole), columns - whole);
}

func::FuncOp TileRoutines::loadRows(Type element, int64_t headDim, TileBuffer tile) {
  Type number = IntegerType::get(module.getContext(), 64);
  return define(
      nameOf("load", tile.rows, headDim, element),
      {pointer(), pointer(), number, number, number, pointer(), pointer()},
      [&](VectorEmitter &emit, ValueRange arguments) {
        emit.loop(0, tile.rows, 1, [&](Value row) {
          Value source = rowAddress(emit, element, arguments[1], arguments[2],
                                    emit.add(arguments[3], row), arguments[4], arguments[5]);
          Value destination =
              emit.at(arguments[6], emit.f32(), emit.multiply(row, emit.integer(tile.stride)));
          forChunks(emit, headDim, [&](Value column, int64_t lanes) {
            Value vector = loadPadded(emit, element, emit.at(source, element, column), lanes);
            emit.store(vector, emit.at(destination, emit.f32(), column));
          });
        });
      });
}

/// Transposes `rows`, as many vectors as a vector has lanes: first the 4x4 blocks inside 128 bits,
/// where a shuffle is cheapest, then the blocks themselves.
static SmallVector<Value> transpose(VectorEmitter &emit, SmallVector<Value> rows) {
  int64_t width = emit.width;
  auto lanes = [&](ArrayRef<int64_t> four) { // `four` in every 128 bits; 4 and up: second operand
    SmallVector<int64_t> order;
    for (int64_t block = 0; block < width; block += 4)
      for (int64_t lane : four)
        order.push_back(lane < 4 ? block + lane : width + block + lane - 4);
    return order;
  };
  for (int64_t first = 0; first < width; first += 4) {
    Value *row = &rows[first];
    Value low01 = emit.shuffle(row[0], row[1], lanes({0, 4, 1, 5}));
    Value high01 = emit.shuffle(row[0], row[1], lanes({2, 6, 3, 7}));
    Value low23 = emit.shuffle(row[2], row[3], lanes({0, 4, 1, 5}));
    Value high23 = emit.shuffle(row[2], row[3], lanes({2, 6, 3, 7}));
    row[0] = emit.shuffle(low01, low23, lanes({0, 1, 4, 5}));
    row[1] = emit.shuffle(low01, low23, lanes({2, 3, 6, 7}));
    row[2] = emit.shuffle(high01, high23, lanes({0, 1, 4, 5}));
    row[3] = emit.shuffle(high01, high23, lanes({2, 3, 6, 7}));
  }
  for (int64_t block = 4; block < width; block *= 2)
    for (int64_t first = 0; first < width; ++first) {
      if (first & block)
        continue;
      SmallVector<int64_t> low, high;
      for (int64_t lane = 0; lane < width; ++lane) {
        bool second = lane & block;
        low.push_back(second ? width + lane - block : lane);
        high.push_back(second ? width + lane : lane + block);
      }
      Value a = rows[first], b = rows[first + block];
      rows[first] = emit.shuffle(a, b, low);
      rows[first + block] = emit.shuffle(a, b, high);
    }
  return rows;
}

func::FuncOp TileRoutines::loadTransposed(Type element, int64_t headDim, TileBuffer tile) {
  Type number = IntegerType::get(module.getContext(), 64);
  return define(
      nameOf("load_transposed", tile.columns, headDim, element),
      {pointer(), pointer(), number, number, number, pointer(), pointer()},
      [&](VectorEmitter &emit, ValueRange arguments) {
        emit.loop(0, tile.columns, width, [&](Value key) {
          SmallVector<Value> sources;
          for (int64_t lane = 0; lane < width; ++lane) {
            Value row = emit.add(arguments[3], emit.add(key, emit.integer(lane)));
            sources.push_back(rowAddress(emit, element, arguments[1], arguments[2], row,
                                         arguments[4], arguments[5]));
          }
          forChunks(emit, headDim, [&](Value column, int64_t lanes) {
            SmallVector<Value> rows;
            for (Value source : sources)
              rows.push_back(loadPadded(emit, element, emit.at(source, element, column), lanes));
            rows = transpose(emit, rows);
            Value start = emit.at(arguments[6], emit.f32(),
                                  emit.add(emit.multiply(column, emit.integer(tile.stride)), key));
            for (int64_t lane = 0; lane < lanes; ++lane)
              emit.store(rows[lane], emit.at(start, emit.f32(), lane * tile.stride));
          });
        });
      });
}

/// min(rows, length - row): how many rows of a tile are inside the tensor.
static Value rowsInside(VectorEmitter &emit, int64_t rows, Value row, Value length) {
  Value rest = arith::SubIOp::create(emit.builder, length, row);
  return arith::MinSIOp::create(emit.builder, rest, emit.integer(rows));
}

func::FuncOp TileRoutines::storeRows(Type element, int64_t headDim, TileBuffer tile) {
  Type number = IntegerType::get(module.getContext(), 64);
  return define(
      nameOf("store", tile.rows, headDim, element),
      {pointer(), pointer(), pointer(), number, number, number},
      [&](VectorEmitter &emit, ValueRange arguments) {
        Value rows = rowsInside(emit, tile.rows, arguments[4], arguments[5]);
        emit.loop(emit.integer(0), rows, 1, [&](Value row) {
          Value source =
              emit.at(arguments[1], emit.f32(), emit.multiply(row, emit.integer(tile.stride)));
          Value destination = emit.at(arguments[2], element,
                                      emit.multiply(emit.add(arguments[4], row), arguments[3]));
          forChunks(emit, headDim, [&](Value column, int64_t lanes) {
            Value vector =
                emit.load(emit.vectorOf(emit.f32(), lanes), emit.at(source, emit.f32(), column));
            emit.storeFromF32(element, vector, emit.at(destination, element, column));
          });
        });
      });
}

func::FuncOp TileRoutines::storeLse(int64_t rows) {
  Type number = IntegerType::get(module.getContext(), 64);
  return define(
      "store_lse_" + std::to_string(rows), {pointer(), pointer(), pointer(), number, number},
      [&](VectorEmitter &emit, ValueRange arguments) {
        Value inside = rowsInside(emit, rows, arguments[3], arguments[4]);
        emit.loop(emit.integer(0), inside, 1, [&](Value row) {
          Value value = emit.load(emit.f32(), emit.at(arguments[1], emit.f32(), row));
          emit.store(value, emit.at(arguments[2], emit.f32(), emit.add(arguments[3], row)));
        });
      });
}

} // namespace halftone
