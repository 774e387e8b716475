#include "cli/PlanDocument.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

namespace halftone::cli {

// Written by hand: a plan has millions of numbers, of which a JSON library would make an object
// each.
std::string planDocument(const Plan &plan, const Image &image) {
  fmt::memory_buffer text;
  auto out = std::back_inserter(text);
  const Schedule &schedule = image.schedule;
  fmt::format_to(out,
                 "{{\n\"planFormat\": {}, \"tileQ\": {}, \"tileK\": {}, \"gather\": {}, "
                 "\"groupLists\": {},\n"
                 "\"coveredPairs\": {}, \"keptPairs\": {}, \"maskPages\": {},\n"
                 "\"constants\": [{}],\n\"tables\": [{}],\n\"slopes\": [{}],\n\"stages\": [{}],\n"
                 "\"work\": [",
                 image.planFormat, schedule.tileQ, schedule.tileK, schedule.gather,
                 schedule.groupLists, plan.coveredPairs, plan.keptPairs, plan.maskPages,
                 fmt::join(plan.constants, ","), fmt::join(plan.tables, ","),
                 fmt::join(plan.slopes, ","), fmt::join(plan.stages, ","));
  const char *before = "\n";
  for (const WorkItem &item : plan.work) {
    fmt::format_to(out, "{}[{},{},{},{},{},{},{},{},{}]", before, item.query, item.head, item.batch,
                   item.first, item.full, item.partial, item.columns, item.clearing, item.shared);
    before = ",\n";
  }
  fmt::format_to(out, "\n]\n}}\n");
  return fmt::to_string(text);
}

} // namespace halftone::cli
