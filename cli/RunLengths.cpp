#include "cli/RunLengths.h"

#include <bit>

namespace halftone::cli {

std::vector<int64_t> runLengths(const BlockMask &mask) {
  std::vector<int64_t> counts;
  for (const BlockRun &run : mask.runs) {
    size_t power = size_t(std::bit_width(run.end - run.begin)) - 1;
    if (power >= counts.size())
      counts.resize(power + 1);
    ++counts[power];
  }
  return counts;
}

} // namespace halftone::cli
