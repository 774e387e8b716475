#pragma once

#include "dsl/Node.h"

namespace halftone {

/// The canonical text of a tree: one line, brackets only where precedence or a right-hand operand
/// of equal precedence needs them (and around a comparison that is negated, for people's sake).
std::string print(const Node &node);

/// The text, or its start where it is long, for messages.
std::string excerpt(const Node &node);

/// Levels of brackets, calls and prefix operators that reading the text of `node` takes, from the
/// `nesting` of its operands.
uint32_t nestingLevels(const Node &node);

} // namespace halftone
