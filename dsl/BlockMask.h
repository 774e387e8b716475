#pragma once

#include "dsl/Problem.h"

namespace halftone {

/// Half-open range of key blocks.
struct BlockRun {
  uint32_t begin = 0, end = 0;
  bool operator==(const BlockRun &) const = default;
};

/// A block mask as sorted, disjoint, non-touching runs of kept key blocks for each query block.
struct BlockMask {
  int64_t block = 0;
  int64_t queryBlocks = 0, keyBlocks = 0;
  std::vector<uint32_t> rowStart; ///< queryBlocks + 1 positions in runs
  std::vector<BlockRun> runs;

  bool kept(int64_t queryBlock, int64_t keyBlock) const;
  int64_t keptBlocks() const;
};

/// The reference radial mask (docs/radial.md), bit for bit, in closed form: cost grows with runs.
BlockMask radialBlockMask(const Layout &layout, const RadialParameters &parameters);

/// `pattern` rounded to blocks for one head: a block is kept if any (all) of its pairs are.
BlockMask roundedBlockMask(const Layout &query, const Layout &key, const Pattern &pattern,
                           Rounding rounding, int64_t block, int64_t batch, int64_t head);

} // namespace halftone
