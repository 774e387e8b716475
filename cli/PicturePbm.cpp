#include "cli/Picture.h"

#include <fmt/format.h>

#include <algorithm>

namespace halftone::cli {

void writePbm(const BlockMask &mask, const Sink &sink) {
  sink(fmt::format("P4\n{} {}\n", mask.keyBlocks, mask.queryBlocks));
  std::string row(size_t(mask.keyBlocks + 7) / 8, '\0');
  for (int64_t query = 0; query < mask.queryBlocks; ++query) {
    std::fill(row.begin(), row.end(), '\0');
    for (uint32_t i = mask.rowStart[query]; i < mask.rowStart[query + 1]; ++i)
      for (uint32_t key = mask.runs[i].begin; key < mask.runs[i].end; ++key)
        row[key / 8] |= char(0x80 >> (key % 8));
    sink(row);
  }
}

} // namespace halftone::cli
