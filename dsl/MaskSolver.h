#pragma once

#include "dsl/BlockMasks.h"
#include "dsl/ZoneSolver.h"

namespace halftone {

/// Which keys a set of queries sees by any condition: connectives over block masks, which are known
/// run by run, and over conditions without block masks, which ZoneSolver solves.
class MaskSolver {
public:
  MaskSolver(TermPool &pool, TermId condition, const Layout &query, const Layout &key,
             BlockMasks &masks, int64_t queries, int64_t granule);

  /// The runs of the queries [begin, end).
  void solve(int64_t begin, int64_t end, KeyRuns &out);

  /// The solver of the whole condition where it has no block mask in it, else null.
  ZoneSolver *zoneSolver() { return root->zones.get(); }
  /// Whether the answer can only change at multiples of the result (0: anywhere).
  int64_t queryBlock() const;

private:
  struct Branch {
    enum class Kind : uint8_t { Zones, Blocks, Unknown, And, Or, Not } kind = Kind::Unknown;
    std::unique_ptr<Branch> left, right;
    std::unique_ptr<ZoneSolver> zones;
    const BlockMask *mask = nullptr;
  };

  std::unique_ptr<Branch> branchOf(TermId id);
  TermId firstChoice(TermId id) const;
  TermId replaced(TermId id, TermId from, TermId to);
  void solvePiece(Branch &branch, const QueryPiece &piece, KeyRuns &out);
  void solveBlocks(const BlockMask &mask, int64_t begin, int64_t end, KeyRuns &out) const;

  TermPool &pool;
  const Layout &query, &key;
  BlockMasks &masks;
  int64_t queries, granule;
  int choicesLeft = 64; ///< selects between block masks that may still be pulled apart
  const ZoneSolver *cutter = nullptr; ///< any of the branches' solvers: all cut alike but for rows
  std::unique_ptr<Branch> root;
  std::vector<QueryPiece> pieces;
  KeyRuns pieceRuns;
};

} // namespace halftone
