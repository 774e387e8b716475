#pragma once

#include "dsl/Node.h"

#include <string_view>

namespace halftone {

/// The one place where nodes are made, for C++ (Expr.cpp) and for text (ParsePattern.cpp) alike:
/// computes units and keeps the first mistake with its place.
NodePointer buildConstant(int64_t value, Where where);
NodePointer buildBoolean(bool value, Where where);
NodePointer buildCoordinate(Side side, Coordinate coordinate, Where where);
NodePointer buildHead(Where where);
NodePointer buildBatch(Where where);

/// Any operation of integer or boolean operands but Rounded.
NodePointer buildOperation(Op op, std::vector<NodePointer> operands, Where where);
/// 0 - operand; of a constant, the constant with its sign changed.
NodePointer buildNegation(NodePointer operand, Where where);
/// floor(operand * factor): operand * numerator / denominator in lowest terms, without a numerator
/// or denominator of 1.
NodePointer buildScaled(NodePointer operand, std::string_view factor, Where where);
NodePointer buildRounded(NodePointer operand, Rounding rounding, int64_t block, Where where);
NodePointer buildRadialBlocks(std::string_view decay, int64_t block, bool sink, Where where);

/// A copy of `node` that carries `mistake`, unless it has an earlier one.
NodePointer withMistake(const NodePointer &node, Error mistake);

} // namespace halftone
