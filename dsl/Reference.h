#pragma once

#include "dsl/Problem.h"

#include <map>
#include <span>

namespace halftone {

/// Evaluates a pattern token by token by walking its tree: slow and obviously right. Nothing here
/// shares code with Program, TileMap or the targets.
///
/// Whether a block is kept by a rounded or radial block mask is found by looking at its pairs, and
/// remembered for the blocks of the last query block and head asked for: go through the queries in
/// order. The pattern must outlive the walk; a walk is for one thread.
class PatternWalk {
public:
  PatternWalk(const Pattern &pattern, const Layout &query, const Layout &key);
  bool keeps(int64_t batch, int64_t head, int64_t queryIndex, int64_t keyIndex);
  /// The value of an expression at one pair; bias distances are evaluated with it.
  int64_t value(const Node &node, int64_t batch, int64_t head, int64_t queryIndex,
                int64_t keyIndex);

private:
  struct Pair {
    int64_t batch, head, query, key;
  };
  /// What is known about the blocks of one query block: -1 unknown, else 0 or 1.
  struct BlockRow {
    int64_t batch = -1, head = -1, queryBlock = -1;
    std::vector<int8_t> kept;
  };

  bool truth(const Node &node, const Pair &pair);
  int64_t number(const Node &node, const Pair &pair);
  bool blockKept(const Node &node, const Pair &pair, int64_t block);
  bool roundedKept(const Node &node, const Pair &pair, int64_t queryBlock, int64_t keyBlock);
  bool radialKept(const RadialParameters &radial, int64_t queryBlock, int64_t keyBlock) const;

  const Pattern &pattern;
  const Layout &query, &key;
  std::map<const Node *, BlockRow> blockRows;
};

/// Whether one pair is kept, by a PatternWalk of its own.
bool keeps(const Pattern &pattern, const Layout &query, const Layout &key, int64_t batch,
           int64_t head, int64_t queryIndex, int64_t keyIndex);

/// Tensors of doubles, packed: q is [batch][head][S_q][headDim], k and v are
/// [batch][kvHead][S_k][headDim].
struct ReferenceTensors {
  std::span<const double> q, k, v;
};

/// One row of the right answer.
struct ReferenceRow {
  std::vector<double> output; ///< headDim values
  double lse = 0;             ///< natural logarithm; -infinity for a row with no kept key
};

/// Attention of one query in fp64, keys visited one by one. A key that is not kept is never read.
ReferenceRow referenceRow(const Problem &problem, const ReferenceTensors &tensors, int64_t batch,
                          int64_t head, int64_t queryIndex);

/// All rows, for small problems: output [batch][head][S_q][headDim] and lse [batch][head][S_q].
struct ReferenceResult {
  std::vector<double> output, lse;
};
ReferenceResult reference(const Problem &problem, const ReferenceTensors &tensors);

} // namespace halftone
