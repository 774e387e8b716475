#include "codegen/Dialect/Hop/HopDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace halftone::hop;

#include "codegen/Dialect/Hop/HopDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "codegen/Dialect/Hop/HopTypes.cpp.inc"

void HopDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "codegen/Dialect/Hop/HopTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "codegen/Dialect/Hop/HopOps.cpp.inc"
      >();
}

//===-- <64x192xf32> -------------------------------------------------------------------------===//

namespace {
template <typename ShapedType> Type parseShaped(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  SMLoc start = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(element) || parser.parseGreater())
    return {};
  return ShapedType::getChecked([&] { return parser.emitError(start); }, parser.getContext(), shape,
                                element);
}

void printShaped(AsmPrinter &printer, ArrayRef<int64_t> shape, Type element) {
  printer << "<";
  for (int64_t size : shape)
    printer << size << "x";
  printer << element << ">";
}

bool isHalf(Type element) { return element.isF16() || element.isBF16(); }
} // namespace

Type FragType::parse(AsmParser &parser) { return parseShaped<FragType>(parser); }
void FragType::print(AsmPrinter &printer) const { printShaped(printer, getShape(), getElement()); }
Type TileType::parse(AsmParser &parser) { return parseShaped<TileType>(parser); }
void TileType::print(AsmPrinter &printer) const { printShaped(printer, getShape(), getElement()); }
Type RingType::parse(AsmParser &parser) { return parseShaped<RingType>(parser); }
void RingType::print(AsmPrinter &printer) const { printShaped(printer, getShape(), getElement()); }

LogicalResult FragType::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> shape, Type element) {
  if (shape.empty() || shape.size() > 2 || shape[0] != 64)
    return emitError() << "a fragment has the 64 rows of one warp group and at most one more "
                          "dimension";
  if (shape.size() == 1)
    return element.isF32() ? success() : emitError() << "a value a row is f32, not " << element;
  int64_t multiple = isHalf(element) ? 16 : 8;
  if (!element.isF32() && !isHalf(element))
    return emitError() << "a fragment's elements are f32, f16 or bf16, not " << element;
  if (shape[1] <= 0 || shape[1] > 256 || shape[1] % multiple)
    return emitError() << "a fragment of " << element << " has a multiple of " << multiple
                       << " columns up to 256, not " << shape[1];
  return success();
}

int64_t FragType::getRegisters() const {
  if (!isMatrix())
    return 2;
  return isHalf(getElement()) ? getColumns() / 4 : getColumns() / 2;
}

LogicalResult TileType::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> shape, Type element) {
  if (shape.size() != 2 || !isHalf(element))
    return emitError() << "a shared tile has two dimensions of f16 or bf16";
  if (shape[0] % 8 || shape[0] <= 0 || shape[0] > 256)
    return emitError() << "a shared tile has a multiple of 8 rows up to 256 (a box of the copy "
                          "engine), not "
                       << shape[0];
  if (shape[1] % 16 || shape[1] <= 0 || shape[1] > 256)
    return emitError() << "a shared tile has a multiple of 16 columns up to 256, not " << shape[1];
  return success();
}

LogicalResult RingType::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> shape, Type element) {
  if (shape.size() != 3)
    return emitError() << "a ring is stages x rows x columns";
  if (shape[0] < 1 || shape[0] > 8)
    return emitError() << "a ring has 1 to 8 stages, not " << shape[0];
  return TileType::verify(emitError, shape.drop_front(), element);
}

TileType RingType::getTile() const {
  return TileType::get(getContext(), getShape().drop_front(), getElement());
}
