#include "runtime/KeptPairs.h"

#include "dsl/Layout.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace halftone;

namespace {

WorkItem item(uint32_t query, uint32_t head, uint32_t first, uint32_t full, uint32_t partial) {
  return {.query = query,
          .head = head,
          .batch = 0,
          .first = first,
          .full = full,
          .partial = partial,
          .columns = uint16_t(full),
          .shared = 0,
          .clearing = 0};
}

/// Every stage is kept in part, and so by all queries.
Problem everyThird(int64_t tokens) {
  Layout line = Layout::sequence(tokens);
  auto [q, k] = line.tokens();
  return attention(line, {.heads = 1, .headDim = 64}).where((q.index() + k.index()) % 3 == 1);
}

} // namespace

TEST_CASE("pages are evaluated once for all heads, and for no item without stages") {
  // The tile at 64 keeps nothing: its stages would begin where those of the next do.
  std::vector<WorkItem> work{item(0, 0, 0, 1, 2), item(64, 0, 3, 0, 0), item(128, 0, 3, 0, 4),
                             item(0, 1, 0, 1, 2), item(64, 1, 3, 0, 0), item(128, 1, 3, 0, 4)};
  std::vector<WorkItem> items = itemsOfPages(work, 1, 192);
  REQUIRE(items.size() == 2);
  CHECK(items[0].query == 0);
  CHECK(items[0].partial == 2);
  CHECK(items[1].query == 128);
  CHECK(items[1].partial == 4);
}

TEST_CASE("items of a cluster stay together, and what keeps company writes nothing") {
  // Past the last query the other block of a cluster names the first stage of its tile.
  std::vector<WorkItem> work{item(0, 0, 0, 0, 2),   item(128, 0, 2, 0, 2), item(256, 0, 4, 0, 2),
                             item(384, 0, 4, 1, 0), item(0, 1, 0, 0, 2),   item(128, 1, 2, 0, 2),
                             item(256, 1, 4, 0, 2), item(384, 1, 4, 1, 0)};
  std::vector<WorkItem> items = itemsOfPages(work, 2, 300);
  REQUIRE(items.size() == 4);
  CHECK(items[2].query == 256);
  CHECK(items[2].partial == 2);
  CHECK(items[3].query == 384);
  CHECK(items[3].full + items[3].partial + items[3].columns == 0);
}

TEST_CASE("tiles of the same ranges share stages, and with pages only what is whole") {
  Problem problem = everyThird(1024);
  Schedule schedule;
  schedule.tileQ = 128;
  schedule.tileK = schedule.gather = 64;
  Result<Plan> lists = makePlan(problem, schedule);
  REQUIRE(lists);
  CHECK(lists->maskPages == 0);
  CHECK(std::ranges::all_of(lists->work, [](const WorkItem &one) { return one.first == 0; }));
  schedule.groupLists = 1;
  Result<Plan> paged = makePlan(problem, schedule);
  REQUIRE(paged);
  CHECK(paged->maskPages == 16 * 16); // a group of 64 queries, a stage of 64 keys
  for (const WorkItem &one : paged->work)
    CHECK(one.first == one.query / 128 * 16);
}

TEST_CASE("more pages than a plan can number are refused") {
  Problem problem = everyThird(140'000);
  Schedule schedule;
  schedule.tileQ = 192;
  schedule.tileK = schedule.gather = 16;
  schedule.groupLists = 1;
  Result<Plan> plan = makePlan(problem, schedule);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().text() ==
        "a plan of 19145000 key tiles to mask by warp group; use groupLists=0");
}
