#include "dsl/BlockMask.h"

#include <algorithm>

namespace halftone {

bool BlockMask::kept(int64_t queryBlock, int64_t keyBlock) const {
  auto first = runs.begin() + rowStart[queryBlock], last = runs.begin() + rowStart[queryBlock + 1];
  auto after = std::upper_bound(first, last, keyBlock, [](int64_t key, const BlockRun &run) {
    return key < int64_t{run.begin};
  });
  return after != first && keyBlock < int64_t{(after - 1)->end};
}

int64_t BlockMask::keptBlocks() const {
  int64_t count = 0;
  for (const BlockRun &run : runs)
    count += run.end - run.begin;
  return count;
}

} // namespace halftone
