#pragma once

#include "dsl/BlockMask.h"

namespace halftone::test {

/// A mask as the headers of the pattern library draw it: a line for each of `rows` query blocks,
/// '#' for a key block of which some pair is kept.
inline std::string picture(const Layout &layout, const Pattern &pattern, int64_t block,
                           int64_t rows) {
  BlockMask mask = roundedBlockMask(layout, layout, pattern, Rounding::Any, block, 0, 0);
  std::string text;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < mask.keyBlocks; ++column)
      text += mask.kept(row, column) ? '#' : '.';
    text += '\n';
  }
  return text;
}

/// The pictures in the comments of a header, in order, without spaces and what stands beside them.
std::vector<std::string> picturesOf(const std::string &header);

} // namespace halftone::test
