// The reference radial mask (docs/radial.md) in closed form.
//
// Inside the block row of one frame pair, the number of kept cells of a column grows by one a
// column, stays, and falls by one a column: a trapezoid. So the columns with a kept cell are one
// interval, the dense columns (more than a third of the block) are one interval inside it, and the
// kept blocks of the row are one run, of which only the two ends need to be looked at.

#include "dsl/BlockMask.h"
#include "dsl/Division.h"

#include <algorithm>
#include <bit>

namespace halftone {
namespace {

/// What the mask of a frame pair depends on besides where its frames start in their blocks.
struct FrameDistance {
  int64_t window = 0; ///< places further apart than this are dropped
  bool kept = false;  ///< thinning drops every other, fourth, ... distance altogether
};

FrameDistance radialDistance(int64_t distance, int64_t tokensPerFrame,
                             const RadialParameters &parameters) {
  constexpr int64_t thinBelow = 128; // a constant of the reference, whatever the block is
  int digits = std::bit_width(uint64_t(distance));
  int64_t power = int64_t{1} << std::bit_width(uint64_t(tokensPerFrame));
  FrameDistance result;
  if (distance <= 1) {
    result.window = tokensPerFrame;
  } else {
    __int128 window = __int128{power} * parameters.decayNumerator /
                      (__int128{parameters.decayDenominator} << digits);
    result.window = std::clamp<__int128>(window, std::min(parameters.block, tokensPerFrame),
                                         tokensPerFrame); // wider than a frame: all of it
  }
  int64_t scaledThreshold = thinBelow << digits;
  result.kept = power >= scaledThreshold || distance % (scaledThreshold / power) == 0;
  return result;
}

/// Half-open range of places or columns.
struct Span {
  int64_t begin = 0, end = 0;
  int64_t overlap(const Span &other) const {
    return std::max<int64_t>(0, std::min(end, other.end) - std::max(begin, other.begin));
  }
};

/// Columns of a key frame, of one block row and window: with a kept cell, and with enough of them.
struct TrapezoidColumns {
  Span any, dense;
};

/// `rows` are the places of the block row that lie in the query's frame.
TrapezoidColumns columnsOf(Span rows, int64_t window, int64_t tokensPerFrame, int64_t block) {
  int64_t dense = block / 3 + 1; // more than a third of the block, also where 3 divides it
  if (rows.end - rows.begin < dense || 2 * window + 1 < dense)
    return {};
  return {{std::max<int64_t>(0, rows.begin - window), std::min(tokensPerFrame, rows.end + window)},
          {std::max<int64_t>(0, rows.begin + dense - 1 - window),
           std::min(tokensPerFrame, rows.end - dense + 1 + window)}};
}

/// The kept blocks [begin, end) of one block row of a frame pair, counted from the first block of
/// the key frame, which starts `offset` tokens into it and is cut after `blocks` blocks.
BlockRun keptRun(const TrapezoidColumns &columns, int64_t offset, int64_t blocks, int64_t block,
                 const Division &divide) {
  const Span &dense = columns.dense;
  if (dense.begin >= dense.end)
    return {};
  auto keeps = [&](int64_t index) {
    Span ofBlock{index * block - offset, (index + 1) * block - offset};
    return 5 * dense.overlap(ofBlock) > 3 * columns.any.overlap(ofBlock);
  };
  int64_t begin = divide.down(dense.begin + offset);
  int64_t end = std::min(blocks, divide.down(dense.end - 1 + offset) + 1);
  if (begin < end && !keeps(begin))
    ++begin;
  if (begin < end && !keeps(end - 1))
    --end;
  if (begin >= end)
    return {};
  return {uint32_t(begin), uint32_t(end)};
}

class RadialMaskBuilder {
public:
  RadialMaskBuilder(const Layout &layout, const RadialParameters &parameters)
      : parameters(parameters), frames(layout.frameCount()), size(layout.tokensPerFrame()),
        block(parameters.block), divide(block), frameBlocks((size + block - 1) / block) {
    mask.block = block;
    mask.queryBlocks = mask.keyBlocks = (layout.tokenCount() + block - 1) / block;
    videoBlocks = frames * size / block;
    for (int64_t distance = 0; distance < frames; ++distance)
      distances.push_back(radialDistance(distance, size, parameters));
    for (int64_t start = 0; start < frames * size; start += size)
      starts.push_back({start / block, start % block});
  }

  BlockMask build() {
    mask.rowStart.reserve(mask.queryBlocks + 1);
    mask.rowStart.push_back(0);
    int64_t firstFrame = 0; // the first whose blocks reach the row
    for (int64_t row = 0; row < mask.queryBlocks; ++row) {
      rowRuns.clear();
      if (row >= videoBlocks) {
        rowRuns.push_back({0, uint32_t(mask.keyBlocks)});
      } else {
        while (firstFrame < frames && firstFrame * size / block + frameBlocks <= row)
          ++firstFrame;
        int64_t frame = firstFrame;
        for (; frame < frames && frame * size / block <= row; ++frame)
          addFrame(frame, row);
        if (frame - firstFrame > 1)
          std::sort(rowRuns.begin(), rowRuns.end(),
                    [](const BlockRun &a, const BlockRun &b) { return a.begin < b.begin; });
        if (videoBlocks < mask.keyBlocks)
          rowRuns.push_back({uint32_t(videoBlocks), uint32_t(mask.keyBlocks)});
      }
      appendMerged();
    }
    return std::move(mask);
  }

private:
  void addFrame(int64_t frame, int64_t row) {
    int64_t first = row * block - frame * size; // place of the block row's first token
    Span rows{std::max<int64_t>(0, first), std::min(size, first + block)};
    // Most key frames have the window of the one before, and begin as far into a block.
    int64_t window = -1, offset = -1;
    TrapezoidColumns columns;
    BlockRun run;
    for (int64_t key = 0; key < frames; ++key) {
      FrameDistance pair = distances[frame > key ? frame - key : key - frame];
      if (key == 0 && parameters.sink)
        pair = {size, true};
      if (!pair.kept)
        continue;
      int64_t startBlock = starts[size_t(key)].block;
      bool isNewWindow = pair.window != window;
      if (isNewWindow) {
        window = pair.window;
        columns = columnsOf(rows, window, size, block);
      }
      if (isNewWindow || offset != starts[size_t(key)].offset) {
        offset = starts[size_t(key)].offset;
        run = keptRun(columns, offset, frameBlocks, block, divide);
      }
      if (run.begin < run.end)
        rowRuns.emplace_back(uint32_t(startBlock + run.begin), uint32_t(startBlock + run.end));
    }
  }

  void appendMerged() {
    size_t rowBegin = mask.runs.size();
    for (BlockRun run : rowRuns) {
      run.end = std::min(run.end, uint32_t(mask.keyBlocks));
      if (mask.runs.size() > rowBegin && run.begin <= mask.runs.back().end)
        mask.runs.back().end = std::max(mask.runs.back().end, run.end);
      else
        mask.runs.push_back(run);
    }
    mask.rowStart.push_back(uint32_t(mask.runs.size()));
  }

  const RadialParameters &parameters;
  int64_t frames, size, block;
  Division divide;
  int64_t frameBlocks, videoBlocks = 0;
  std::vector<FrameDistance> distances;
  struct Start {
    int64_t block, offset;
  };
  std::vector<Start> starts; ///< of each frame: its first token's block, and place in it
  std::vector<BlockRun> rowRuns;
  BlockMask mask;
};

} // namespace

BlockMask radialBlockMask(const Layout &layout, const RadialParameters &parameters) {
  return RadialMaskBuilder(layout, parameters).build();
}

} // namespace halftone
