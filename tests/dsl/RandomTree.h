#pragma once

#include "dsl/Layout.h"

namespace halftone::test {

/// Draws random trees inside a rapidcheck property; choices shrink to leaves and small numbers.
/// Units always go together.
struct RandomTree {
  /// Divisors above 0, bits() and pow2() in range, small constants: what Problem::check accepts,
  /// overflow aside. Otherwise anything that can be written.
  bool defined = false;
  /// Whether rounded and radial block masks may be part of a pattern.
  bool blocks = true;

  Expr expr(Unit unit, int depth) const;
  Pattern pattern(int depth) const;

  /// Video, plain and packed layouts of at most about 100 tokens.
  static Layout layout();

private:
  Expr leaf(Unit unit) const;
  Expr divisor(Unit unit, int depth) const;
  int64_t constant() const;
};

} // namespace halftone::test
