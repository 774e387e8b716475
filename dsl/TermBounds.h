#pragma once

#include "dsl/LinearBounds.h"
#include "dsl/TermPool.h"
#include "dsl/Zones.h"

#include <memory>

namespace halftone {

/// Bounds of the terms of a pool over a set of queries, as functions of the key.
///
/// Over a zone the key variable x is the place (the token index where the zone holds several
/// frames), and coordinates that the zone fixes must have been replaced by constants. Over the hull
/// of many keys x says nothing: every coordinate is a range.
class TermBounds {
public:
  TermBounds(const TermPool &pool, const Layout &key) : pool(pool), key(key) {}

  /// How the keys [domain.begin, domain.end) of a zone are kept; false: given up, past the
  /// resolution's limit.
  bool overZone(TermId condition, const CoordinateRanges &query, const Zone &zone, Domain domain,
                const Resolution &resolution, Truths &out);
  /// How all keys with coordinates in the given ranges are kept.
  Kept overRanges(TermId condition, const CoordinateRanges &query, const CoordinateRanges &keys);

private:
  template <typename Pieces> class Lease;
  template <typename Pieces> using Spare = std::vector<std::unique_ptr<Pieces>>;

  void truths(TermId id, Truths &out);
  void bounds(TermId id, Bounds &out);
  void keyCoordinate(Coordinate coordinate, Bounds &out);
  void withOperands(const Term &term,
                    void (BoundArithmetic::*apply)(const Bounds &, const Bounds &, Bounds &) const,
                    Bounds &out);
  void withOperand(const Term &term, void (BoundArithmetic::*apply)(const Bounds &, Bounds &) const,
                   Bounds &out);
  void compare(const Term &term, Truths &out);

  const TermPool &pool;
  const Layout &key;
  const CoordinateRanges *queryRanges = nullptr, *keyRanges = nullptr;
  const Zone *zone = nullptr; ///< null: over ranges
  Domain domain;
  Resolution resolution;
  BoundArithmetic arithmetic{{}, {}};
  bool givenUp = false;
  Spare<Bounds> spareBounds;
  Spare<Truths> spareTruths;
};

} // namespace halftone
