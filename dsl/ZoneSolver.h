#pragma once

#include "dsl/TermBounds.h"
#include "dsl/ZonePattern.h"

#include <functional>

namespace halftone {

/// Queries that share a zone; zones are numbered alike by all solvers of one problem.
struct QueryPiece {
  int64_t begin = 0, end = 0;
  int32_t zone = 0;
};

/// How the keys see sets of queries by a condition without block masks.
///
/// Both axes are cut into zones. The condition is specialised to each pair of zones; the few
/// different terms that come out (one for each distance of frames, say) are solved for the places
/// of a piece of queries, and the answers are remembered, since places repeat from frame to frame.
class ZoneSolver {
public:
  /// `queries`: about how many queries are asked for at once. `granule`: keys are not told apart
  /// more finely than needed to decide multiples of it.
  ZoneSolver(const TermPool &terms, TermId condition, const Layout &query, const Layout &key,
             int64_t queries, int64_t granule);
  ZoneSolver(const ZoneSolver &) = delete;
  ZoneSolver &operator=(const ZoneSolver &) = delete;

  /// Cuts the queries [begin, end) into pieces.
  void cut(int64_t begin, int64_t end, std::vector<QueryPiece> &pieces) const;
  /// Whether pieces are cut at rows of the frame, too.
  bool cutsAtRows() const { return cutsRows; }
  /// Writes the runs of one piece.
  void solve(const QueryPiece &piece, KeyRuns &out);

  /// Number of kept pairs over all queries, counted zone pair by zone pair: those of one slot and
  /// one kind of query zone are counted once. `kept(query, key)` decides what the analysis leaves
  /// open.
  int64_t countPairs(const std::function<bool(int64_t, int64_t)> &kept);

private:
  /// Neighbouring key zones that are kept whole, or one whose keys a slot solves.
  struct Entry {
    int32_t first = 0, last = 0;
    int32_t slot = -1; ///< -1: whole
  };
  /// A specialised condition over query and key zones of one shape.
  struct Slot {
    TermId condition = -1;
    int32_t keyZone = 0;       ///< one of those zones
    Kept ofZones = Kept::Some; ///< of the zones as a whole
    uint64_t stamp = 0;        ///< the piece for which first and count are right
    uint32_t first = 0, count = 0;
  };
  using Triple = std::array<int64_t, 3>;
  struct TripleHash {
    size_t operator()(const Triple &triple) const;
  };

  void enterQueryZone(int32_t number);
  void addEntries(int32_t first, int32_t last);
  void addWhole(int32_t first, int32_t last);
  int32_t slotOf(TermId term, int32_t keyZone);
  void resolve(Slot &slot, int32_t number, Triple question);
  void solveRange(TermId condition, const Zone &zone, Domain domain, int64_t origin, KeyRuns &out);
  void forgetAnswers();
  bool isOfDistance(TermId id) const;
  int64_t countSlot(TermId condition, const Zone &keys,
                    const std::function<bool(int64_t, int64_t)> &kept);
  int64_t countDistances(TermId condition, const Zone &keys,
                         const std::function<bool(int64_t, int64_t)> &kept);

  TermPool pool;
  TermId condition;
  const Layout &query, &key;
  int64_t granule;
  Resolution resolution;
  bool cutsRows = false;
  std::vector<Zone> queryZones, keyZones;
  std::vector<int32_t> queryShapes, keyShapes; ///< [zone], equal for like zones
  TermId ownTerms = 0;
  ZonePattern zonePattern;
  TermBounds termBounds;

  int32_t currentZone = -1;
  CoordinateRanges zoneRanges, pieceRanges;
  std::vector<Entry> entries; ///< of the current zone
  std::vector<Slot> slots;
  uint64_t slotGeneration = 0; ///< grows when the slots are forgotten
  std::unordered_map<Triple, int32_t, TripleHash> slotNumbers; ///< by shapes and term
  /// First and count of answerRuns, by begin and end of the places and slot.
  std::unordered_map<Triple, std::pair<uint32_t, uint32_t>, TripleHash> answers;
  KeyRuns answerRuns; ///< relative to their zone's begin
  uint64_t stamp = 0;
  Truths truths;
  KeyRuns scratch;
};

} // namespace halftone
