#pragma once

#include "dsl/Node.h"

#include <source_location>

namespace halftone {

/// An integer expression over the coordinates of a (query, key) pair: a value, cheap to copy.
/// Mistakes (a comparison of frames with places, say) are kept in the tree with the line of the
/// user's file and reported when the problem is checked; building an expression never fails.
class Expr {
public:
  using Location = std::source_location;

  /// An integer constant; implicit, so that `q.frame() + 1` reads as it should.
  Expr(int64_t value, Location at = Location::current());
  Expr(int value, Location at = Location::current()) : Expr(int64_t{value}, at) {}
  explicit Expr(NodePointer node) : root(std::move(node)) {}

  const NodePointer &node() const { return root; }
  Unit unit() const { return root->unit; }
  /// The canonical text; reads back to the same expression (dsl/Parse.h).
  std::string text() const;

private:
  NodePointer root;
};

/// A yes/no over (query token, key token), possibly over head and batch: a value, cheap to copy.
class Pattern {
public:
  using Location = std::source_location;

  explicit Pattern(NodePointer node) : root(std::move(node)) {}
  /// Every key for every query.
  static Pattern dense();

  const NodePointer &node() const { return root; }
  /// The same pattern under a name for pictures and reports.
  Pattern named(std::string name) const;
  /// The canonical form: one line that reads back to the same pattern.
  std::string text() const;
  /// The mistake made in building it, if any.
  const Error *mistake() const { return root->mistake.get(); }
  /// Structural equality, names and places in the source aside.
  bool operator==(const Pattern &other) const;
  /// Stable 64-bit FNV-1a hash of text(); pinned by a golden test.
  uint64_t hash() const;

private:
  NodePointer root;
};

/// An operand and the user's line it was written on: how the operators below learn where they are
/// called without a macro.
struct Operand {
  Expr expr;
  Where where;
  Operand(Expr expr, Expr::Location at = Expr::Location::current())
      : expr(std::move(expr)), where(at) {}
  Operand(int64_t value, Expr::Location at = Expr::Location::current())
      : expr(value, at), where(at) {}
  Operand(int value, Expr::Location at = Expr::Location::current()) : expr(value, at), where(at) {}
};
struct Predicate {
  Pattern pattern;
  Where where;
  Predicate(Pattern pattern, Pattern::Location at = Pattern::Location::current())
      : pattern(std::move(pattern)), where(at) {}
};

Expr operator+(Operand a, Operand b);
Expr operator-(Operand a, Operand b);
Expr operator-(Operand a);
Expr operator*(Operand a, Operand b);
/// Quotient and remainder, rounding towards minus infinity. The divisor must not be able to be 0 at
/// any position, not even where a select() does not choose the quotient.
Expr floorDiv(Operand a, Operand b);
Expr operator/(Operand a, Operand b);
Expr mod(Operand a, Operand b);
Expr operator%(Operand a, Operand b);
Expr min(Operand a, Operand b);
Expr max(Operand a, Operand b);
Expr abs(Operand a);
Expr bits(Operand a);
Expr pow2(Operand a);
Expr select(Predicate condition, const Operand &yes, const Operand &no);
/// floor(a * factor) for a finite decimal factor >= 0 such as 0.2, which is taken exactly
/// (2/10, in lowest terms), never as its binary approximation.
Expr scaled(Operand a, double factor);

Pattern operator==(Operand a, Operand b);
Pattern operator!=(Operand a, Operand b);
Pattern operator<(Operand a, Operand b);
Pattern operator<=(Operand a, Operand b);
Pattern operator>(Operand a, Operand b);
Pattern operator>=(Operand a, Operand b);

Pattern operator&(Predicate a, Predicate b);
Pattern operator|(Predicate a, Predicate b);
Pattern operator~(Predicate a);

/// The query head and the batch element of the pair.
Expr head(Expr::Location at = Expr::Location::current());
Expr batch(Expr::Location at = Expr::Location::current());

/// Pattern number h (mod the number of patterns) for head h: perHead({spatial, temporal})
/// alternates. Sugar for comparisons of head().
Pattern perHead(std::vector<Pattern> choices, Pattern::Location at = Pattern::Location::current());

/// `pattern` as a block mask: tokens q and k see each other if any (all) pairs of their
/// block x block block do. Blocks start at token 0; the last one may be short.
Pattern rounded(Predicate pattern, Rounding rounding, int64_t block);

/// The reference radial block mask, bit for bit (docs/radial.md). `decay` is a finite decimal >= 0.
Pattern radialBlocks(double decay, int64_t block, bool sink,
                     Pattern::Location at = Pattern::Location::current());

} // namespace halftone
