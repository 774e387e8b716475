#include "dsl/MaskSolver.h"
#include "dsl/TileMap.h"

#include <algorithm>

namespace halftone {

/// Zone by zone where the pattern has no block mask, block row by block row where it is one, else
/// query by query: a row's runs count whole, and the keys that the analysis leaves open are looked
/// at one by one.
int64_t keptPairs(const Problem &problem, int64_t batch, int64_t head) {
  const Layout &query = problem.query(), &key = problem.key();
  TermPool pool;
  TermId condition = pool.import(*problem.pattern().node(), batch, head);
  BlockMasks masks(pool, query, key);
  MaskSolver solver(pool, condition, query, key, masks, 1, 1);
  TermValue value(pool, query, key, masks);
  if (ZoneSolver *zones = solver.zoneSolver())
    return zones->countPairs(
        [&](int64_t query, int64_t key) { return value.at(condition, query, key) != 0; });
  int64_t queries = query.tokenCount(), block = std::max<int64_t>(1, solver.queryBlock());
  int64_t pairs = 0;
  KeyRuns runs;
  for (int64_t begin = 0; begin < queries; begin += block) {
    int64_t rows = std::min(block, queries - begin);
    solver.solve(begin, begin + rows, runs);
    for (const KeyRun &run : runs) {
      if (run.kept == Kept::All) {
        pairs += rows * int64_t(run.end - run.begin);
        continue;
      }
      for (int64_t key = run.begin; key < run.end; ++key)
        pairs += value.at(condition, begin, key);
    }
  }
  return pairs;
}

} // namespace halftone
