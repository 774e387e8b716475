#include "codegen/Dialect/Ht/HtDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace halftone::ht;

#include "codegen/Dialect/Ht/HtDialect.cpp.inc"
#include "codegen/Dialect/Ht/HtEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "codegen/Dialect/Ht/HtTypes.cpp.inc"

void HtDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "codegen/Dialect/Ht/HtTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "codegen/Dialect/Ht/HtOps.cpp.inc"
      >();
}

//===-- !ht.tile<128x64xf32> -----------------------------------------------------------------===//

Type TileType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  SMLoc start = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(element) || parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(start); }, parser.getContext(), shape, element);
}

void TileType::print(AsmPrinter &printer) const {
  printer << "<";
  for (int64_t size : getShape())
    printer << size << "x";
  printer << getElement() << ">";
}

LogicalResult TileType::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> shape, Type element) {
  if (shape.empty() || shape.size() > 2)
    return emitError() << "a tile has one or two dimensions, not " << shape.size();
  for (int64_t size : shape)
    if (size <= 0)
      return emitError() << "a tile's dimensions are positive, not " << size;
  if (!element.isF32() && !element.isF16() && !element.isBF16() && !element.isInteger(1))
    return emitError() << "a tile's elements are f32, f16, bf16 or i1, not " << element;
  return success();
}
