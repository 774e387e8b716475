// The mma dialect and its types.
#include "codegen/Dialect/Mma/MmaDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace halftone::mma;

#include "codegen/Dialect/Mma/MmaDialect.cpp.inc"
#include "codegen/Dialect/Mma/MmaEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "codegen/Dialect/Mma/MmaTypes.cpp.inc"

void MmaDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "codegen/Dialect/Mma/MmaTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "codegen/Dialect/Mma/MmaOps.cpp.inc"
      >();
}

namespace {

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

/// Parses "32x64xbf16".
ParseResult parseMatrix(AsmParser &parser, int64_t &rows, int64_t &columns, Type &element) {
  SmallVector<int64_t> shape;
  SMLoc start = parser.getCurrentLocation();
  if (parser.parseDimensionList(shape, /*allowDynamic=*/false) || parser.parseType(element))
    return failure();
  if (shape.size() != 2)
    return parser.emitError(start, "expected two dimensions, rows x columns");
  rows = shape[0];
  columns = shape[1];
  return success();
}

LogicalResult verifyMultiple(EmitError emitError, StringRef what, int64_t size, int64_t unit) {
  if (size > 0 && size % unit == 0)
    return success();
  return emitError() << what << " must be a positive multiple of " << unit << ", not " << size;
}

} // namespace

//===-- !mma.frag<32x64xf32, accumulator> ----------------------------------------------------===//

Type FragmentType::parse(AsmParser &parser) {
  int64_t rows, columns;
  Type element;
  StringRef roleName;
  SMLoc start = parser.getCurrentLocation();
  if (parser.parseLess() || parseMatrix(parser, rows, columns, element) || parser.parseComma())
    return {};
  SMLoc roleStart = parser.getCurrentLocation();
  if (parser.parseKeyword(&roleName))
    return {};
  std::optional<Role> role = symbolizeRole(roleName);
  if (!role) {
    parser.emitError(roleStart, "a fragment is an accumulator, left or right, not ") << roleName;
    return {};
  }
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(start); }, parser.getContext(), rows, columns,
                    element, *role);
}

void FragmentType::print(AsmPrinter &printer) const {
  printer << "<" << getRows() << "x" << getColumns() << "x" << getElement() << ", "
          << stringifyRole(getRole()) << ">";
}

LogicalResult FragmentType::verify(EmitError emitError, int64_t rows, int64_t columns, Type element,
                                   Role role) {
  bool accumulator = role == Role::Accumulator;
  if (accumulator ? !element.isF32() && !element.isInteger(1)
                  : !element.isF16() && !element.isBF16())
    return emitError() << "a fragment in the role of " << stringifyRole(role) << " holds "
                       << (accumulator ? "f32 or i1" : "f16 or bf16") << ", not " << element;
  if (failed(verifyMultiple(emitError, "a fragment's rows", rows, 16)))
    return failure();
  return verifyMultiple(emitError, "a fragment's columns", columns, role == Role::Left ? 16 : 8);
}

//===-- !mma.rows<32>, !mma.columns<64> ------------------------------------------------------===//

LogicalResult RowsType::verify(EmitError emitError, int64_t rows) {
  return verifyMultiple(emitError, "the number of rows", rows, 16);
}

LogicalResult ColumnsType::verify(EmitError emitError, int64_t columns) {
  if (columns > 128)
    return emitError() << "a lane keeps the bits of at most 128 columns in a register, not of "
                       << columns;
  return verifyMultiple(emitError, "the number of columns", columns, 8);
}

//===-- !mma.shared<64x128xbf16> -------------------------------------------------------------===//

Type SharedType::parse(AsmParser &parser) {
  int64_t rows, columns;
  Type element;
  SMLoc start = parser.getCurrentLocation();
  if (parser.parseLess() || parseMatrix(parser, rows, columns, element) || parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(start); }, parser.getContext(), rows, columns,
                    element);
}

void SharedType::print(AsmPrinter &printer) const {
  printer << "<" << getRows() << "x" << getColumns() << "x" << getElement() << ">";
}

LogicalResult SharedType::verify(EmitError emitError, int64_t rows, int64_t columns, Type element) {
  if (!element.isF16() && !element.isBF16())
    return emitError() << "a shared tile holds f16 or bf16, not " << element;
  if (failed(verifyMultiple(emitError, "a shared tile's rows", rows, 16)))
    return failure();
  return verifyMultiple(emitError, "a shared tile's columns", columns, 16);
}
