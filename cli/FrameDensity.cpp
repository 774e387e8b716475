#include "cli/FrameDensity.h"

#include <algorithm>
#include <cstdlib>

namespace halftone::cli {
namespace {

/// Calls visit(frame, tokens) for each frame that the tokens [begin, end) touch.
template <typename Visit>
void forFrames(const Layout &layout, int64_t begin, int64_t end, Visit visit) {
  int64_t tokens = layout.tokensPerFrame();
  end = std::min(end, layout.frameCount() * tokens);
  while (begin < end) {
    int64_t frame = begin / tokens, until = std::min(end, (frame + 1) * tokens);
    visit(frame, until - begin);
    begin = until;
  }
}

} // namespace

std::vector<double> densityByFrameDistance(const BlockMask &mask, const Layout &query,
                                           const Layout &key) {
  if (query.isPacked() || key.isPacked() || query.frameCount() < 2 || key.frameCount() < 2)
    return {};
  size_t distances = size_t(std::max(query.frameCount(), key.frameCount()));
  std::vector<double> kept(distances), all(distances);
  double framePairs = double(query.tokensPerFrame()) * double(key.tokensPerFrame());
  for (int64_t i = 0; i < query.frameCount(); ++i)
    for (int64_t j = 0; j < key.frameCount(); ++j)
      all[size_t(std::abs(i - j))] += framePairs;

  for (int64_t row = 0; row < mask.queryBlocks; ++row)
    for (uint32_t run = mask.rowStart[row]; run < mask.rowStart[row + 1]; ++run)
      forFrames(query, row * mask.block, (row + 1) * mask.block, [&](int64_t i, int64_t queries) {
        forFrames(key, mask.runs[run].begin * mask.block, mask.runs[run].end * mask.block,
                  [&](int64_t j, int64_t keys) {
                    kept[size_t(std::abs(i - j))] += double(queries) * double(keys);
                  });
      });
  for (size_t distance = 0; distance < distances; ++distance)
    kept[distance] = all[distance] > 0 ? kept[distance] / all[distance] : 0;
  return kept;
}

} // namespace halftone::cli
