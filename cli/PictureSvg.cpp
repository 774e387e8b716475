#include "cli/Picture.h"

#include "cli/Markup.h"

#include <fmt/format.h>

namespace halftone::cli {

void writeSvg(const BlockMask &mask, std::string_view title, const Sink &sink) {
  sink(fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" "
                   "width=\"640\" height=\"{2}\" shape-rendering=\"crispEdges\">\n"
                   "<title>{3}</title>\n"
                   "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n"
                   "<path fill=\"#1a1a1a\" d=\"\n",
                   mask.keyBlocks, mask.queryBlocks, 640 * mask.queryBlocks / mask.keyBlocks,
                   escapedMarkup(title)));
  for (int64_t query = 0; query < mask.queryBlocks; ++query) {
    std::string row;
    for (uint32_t i = mask.rowStart[query]; i < mask.rowStart[query + 1]; ++i) {
      const BlockRun &run = mask.runs[i];
      fmt::format_to(std::back_inserter(row), "M{} {}h{}v1h-{}z", run.begin, query,
                     run.end - run.begin, run.end - run.begin);
    }
    if (!row.empty())
      sink(row + "\n");
  }
  sink("\"/>\n</svg>\n");
}

} // namespace halftone::cli
