#pragma once

#include "dsl/Node.h"
#include "dsl/Scanner.h"

namespace halftone {

/// Reads patterns and integer expressions by the grammar of Parse.h. Brackets may hold either kind;
/// every operation says which kind it needs.
class ExpressionReader {
public:
  explicit ExpressionReader(Scanner &scanner) : scanner(scanner) {}

  /// A pattern (a sum) up to the first token that does not continue it. Null after a failure, which
  /// is then in the scanner; a mistake kept in the tree is one.
  NodePointer pattern();
  NodePointer sum();
  /// Fails unless everything was read.
  void expectEnd();

private:
  /// What was read, and where it began.
  struct Piece {
    NodePointer node;
    Where start;
    explicit operator bool() const { return node != nullptr; }
  };
  class Level;

  Piece anyPattern();
  Piece conjunct();
  Piece factor();
  Piece comparison();
  Piece anySum();
  Piece term();
  Piece unary();
  Piece primary();
  Piece call(std::string_view name, const Where &start);
  Piece coordinate(Side side, const Where &start);
  Piece radialBlocks(const Where &start);

  Piece patternArgument();
  Piece sumArgument();
  Piece requireBoolean(Piece piece);
  Piece requireInteger(Piece piece);
  Piece combine(Op op, Piece a, Piece b, Where where);
  NodePointer finished(const Piece &piece);

  Scanner &scanner;
  uint32_t nesting = 0;
};

} // namespace halftone
