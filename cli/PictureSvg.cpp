#include "cli/Picture.h"

#include <fmt/format.h>

namespace halftone::cli {
namespace {

std::string escaped(std::string_view text) {
  std::string result;
  for (char character : text) {
    switch (character) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    default:
      result += character;
    }
  }
  return result;
}

} // namespace

void writeSvg(const BlockMask &mask, std::string_view title, const Sink &sink) {
  sink(fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" "
                   "width=\"640\" height=\"{2}\" shape-rendering=\"crispEdges\">\n"
                   "<title>{3}</title>\n"
                   "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n"
                   "<path fill=\"#1a1a1a\" d=\"\n",
                   mask.keyBlocks, mask.queryBlocks, 640 * mask.queryBlocks / mask.keyBlocks,
                   escaped(title)));
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
