#pragma once

#include "dsl/Problem.h"

#include <span>

namespace halftone {

/// Consecutive key tokens [begin, end) of which a query tile keeps all pairs (full) or some (not
/// full: the mask must be evaluated). begin is a multiple of the granule, and so is end unless it
/// is the last token.
struct KeyRange {
  uint32_t begin = 0, end = 0;
  bool full = false;
  bool operator==(const KeyRange &) const = default;
};

/// The kept key ranges of every query tile: query tile t holds the queries [t * tileQ,
/// (t + 1) * tileQ), the last one maybe fewer. Built by interval arithmetic and by solving
/// comparisons for the key, never by enumerating token pairs: the cost grows with the kept ranges.
///
/// Guarantees: every kept pair lies in exactly one range; a range marked full has no dropped pair;
/// ranges of a tile are sorted, disjoint, and neighbours of the same kind are merged. A range may
/// be marked partial although all or none of its pairs are kept where the analysis cannot tell, but
/// never for a block mask whose block is a multiple of tileQ and of the granule.
class TileMap {
public:
  /// `granule`: ranges are cut at multiples of it; a target's tileK, or its gather granularity.
  /// The problem must check(). Refuses (Misuse) a problem whose every tile is empty.
  static Result<TileMap> build(const Problem &problem, int64_t tileQ, int64_t granule);

  int64_t tileQ() const { return rowsPerTile; }
  int64_t granule() const { return granuleSize; }
  int64_t queryTiles() const { return tileCount; }

  /// Heads (and batch elements) with the same mask share one class of ranges.
  int64_t classCount() const { return int64_t(rowStarts.size()); }
  int64_t classOf(int64_t batch, int64_t head) const;

  std::span<const KeyRange> ranges(int64_t maskClass, int64_t queryTile) const;

  /// Pairs in kept ranges (partial ranges count whole) over all heads and batch elements.
  int64_t coveredPairs() const;

private:
  friend class TileMapBuilder;
  int64_t rowsPerTile = 0, granuleSize = 0, tileCount = 0, heads = 0;
  int64_t queryCount = 0, keyCount = 0;
  std::vector<int32_t> classes;                 ///< [batch][head]
  std::vector<std::vector<uint32_t>> rowStarts; ///< [class][tile + 1] into keyRanges[class]
  std::vector<std::vector<KeyRange>> keyRanges; ///< [class]
};

/// Exact number of kept pairs of one head by the pattern itself (not by tiles), for rates and
/// densities.
int64_t keptPairs(const Problem &problem, int64_t batch, int64_t head);

} // namespace halftone
