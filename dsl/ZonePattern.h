#pragma once

#include "dsl/TermPool.h"
#include "dsl/Zones.h"

namespace halftone {

/// Specialises a condition to a pair of zones: what the zones fix becomes a constant, token indices
/// become places, and what is left depends on places only. Zones alike give the same term.
class ZonePattern {
public:
  ZonePattern(TermPool &pool, const Layout &query, const Layout &key)
      : pool(pool), layouts{&query, &key} {}

  TermId specialise(TermId condition, const Zone &query, const Zone &key);

private:
  TermId fold(TermId id);
  TermId foldCoordinate(const Term &term);
  int64_t evaluate(TermId id) const;
  /// Whether a zone fixes every coordinate of a term.
  bool isFixed(const Term &term) const { return (term.uses & ~fixedBits) == 0; }

  TermPool &pool;
  const Layout *layouts[2];
  const Zone *zones[2] = {};
  uint32_t fixedBits = 0; ///< coordinates that these zones fix
};

} // namespace halftone
