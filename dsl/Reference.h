#pragma once

#include "dsl/Problem.h"

#include <span>

namespace halftone {

/// Evaluates the pattern for one pair by walking its tree: slow and obviously right. Nothing here
/// shares code with Program, TileMap or the targets.
bool keeps(const Pattern &pattern, const Layout &query, const Layout &key, int64_t batch,
           int64_t head, int64_t queryIndex, int64_t keyIndex);

/// A tensor [batch][head][token][headDim] of doubles, packed.
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
