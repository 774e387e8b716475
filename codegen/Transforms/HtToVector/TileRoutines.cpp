#include "codegen/Transforms/HtToVector/TileRoutines.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace halftone {

int64_t rowStride(int64_t columns) {
  constexpr int64_t floatsOfLine = 16;
  int64_t lines = (columns + floatsOfLine - 1) / floatsOfLine;
  return (lines | 1) * floatsOfLine;
}

func::FuncOp TileRoutines::define(StringRef name, TypeRange arguments, Body body) {
  if (auto existing = module.lookupSymbol<func::FuncOp>(name))
    return existing;
  ImplicitLocOpBuilder builder(module.getLoc(), module.getContext());
  builder.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(
      builder, name, FunctionType::get(module.getContext(), arguments, TypeRange()));
  function.setPrivate();
  function->setAttr("llvm.linkage",
                    LLVM::LinkageAttr::get(module.getContext(), LLVM::linkage::Linkage::Internal));
  // Two callers each, loops inside: a copy in both would double the code and save nothing.
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  VectorEmitter emitter(builder, width);
  body(emitter, function.getArguments());
  func::ReturnOp::create(builder);
  return function;
}

std::string TileRoutines::freshName(StringRef stem) {
  for (int number = 0;; ++number) {
    std::string name = stem.str() + "_" + std::to_string(number);
    if (!module.lookupSymbol(name))
      return name;
  }
}

static std::string shapeOf(TileBuffer tile) {
  return std::to_string(tile.rows) + "x" + std::to_string(tile.columns);
}

func::FuncOp TileRoutines::fill(TileBuffer tile) {
  // Padding included: whole rows of `stride` floats.
  Type number = Float32Type::get(module.getContext());
  return define("fill_" + shapeOf(tile), {pointer(), pointer(), number},
                [&](VectorEmitter &emit, ValueRange arguments) {
                  Value vector = emit.broadcast(arguments[2]);
                  emit.loop(0, tile.rows * tile.stride, width, [&](Value position) {
                    emit.store(vector, emit.at(arguments[1], emit.f32(), position));
                  });
                });
}

func::FuncOp TileRoutines::rescale(TileBuffer tile) {
  return define("rescale_" + shapeOf(tile), {pointer(), pointer(), pointer()},
                [&](VectorEmitter &emit, ValueRange arguments) {
                  emit.loop(0, tile.rows, 1, [&](Value row) {
                    Value factor = emit.broadcast(
                        emit.load(emit.f32(), emit.at(arguments[2], emit.f32(), row)));
                    Value start = emit.at(arguments[1], emit.f32(),
                                          emit.multiply(row, emit.integer(tile.stride)));
                    emit.loop(0, tile.columns, width, [&](Value column) {
                      Value address = emit.at(start, emit.f32(), column);
                      Value vector = emit.load(emit.vectorOf(emit.f32()), address);
                      emit.store(emit.multiply(vector, factor), address);
                    });
                  });
                });
}

func::FuncOp TileRoutines::clearUnkept(TileBuffer values) {
  return define("clear_unkept_" + shapeOf(values), {pointer(), pointer(), pointer()},
                [&](VectorEmitter &emit, ValueRange arguments) {
                  ImplicitLocOpBuilder &builder = emit.builder;
                  Value zeros = emit.real(emit.vectorOf(emit.f32()), 0.0);
                  emit.loop(0, values.rows, 1, [&](Value row) {
                    Value kept = emit.load(emit.i32(), emit.at(arguments[2], emit.i32(), row));
                    Value unkept = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, kept,
                                                         emit.constant(emit.i32(), 0));
                    auto ifOp = scf::IfOp::create(builder, unkept, /*withElseRegion=*/false);
                    OpBuilder::InsertionGuard guard(builder);
                    builder.setInsertionPointToStart(ifOp.thenBlock());
                    Value start = emit.at(arguments[1], emit.f32(),
                                          emit.multiply(row, emit.integer(values.stride)));
                    emit.loop(0, values.columns, width, [&](Value column) {
                      emit.store(zeros, emit.at(start, emit.f32(), column));
                    });
                  });
                });
}

} // namespace halftone
