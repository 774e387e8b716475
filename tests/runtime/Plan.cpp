#include "runtime/Plan.h"

#include "dsl/Reference.h"
#include "kernels/patterns/Radial.h"
#include "kernels/patterns/Window.h"
#include "tests/RandomProblem.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

namespace halftone {
namespace {

Plan plan(const Problem &problem, const Schedule &schedule) {
  Result<Plan> result = makePlan(problem, schedule);
  REQUIRE_MESSAGE(result, (result ? "" : result.error().text()));
  return *result;
}

/// (batch, head, query): natural order.
std::tuple<uint32_t, uint32_t, uint32_t> place(const WorkItem &item) {
  return {item.batch, item.head, item.query};
}
uint64_t length(const WorkItem &item) { return uint64_t{item.full} + item.partial; }

/// How often the stages of an item cover each key, and in which kind of stage.
struct Coverage {
  std::vector<int> full, partial;
  bool fullPastTheEnd = false; ///< a full stage holds a row without a key, or `columns` is wrong
  int64_t keys = 0;

  Coverage(const Plan &plan, const WorkItem &item, const Schedule &schedule, int64_t keyCount)
      : full(size_t(keyCount), 0), partial(size_t(keyCount), 0) {
    int rows = schedule.gather ? schedule.gather : schedule.tileK;
    size_t perStage = size_t(schedule.tileK / rows);
    for (uint32_t i = 0; i < item.full + item.partial; ++i)
      for (size_t chunk = 0; chunk < perStage; ++chunk) {
        int64_t begin = plan.stages.at((item.first + i) * perStage + chunk) & 0x7fffffff;
        int64_t end = std::min<int64_t>(begin + rows, keyCount);
        if (i < item.full) {
          int64_t last = i > 0 || !schedule.gather ? schedule.tileK : item.columns;
          int64_t expected = std::clamp<int64_t>(last - int64_t(chunk) * rows, 0, rows);
          fullPastTheEnd |= std::max<int64_t>(end - begin, 0) != expected;
        }
        for (int64_t key = begin; key < end; ++key, ++keys)
          ++(i < item.full ? full : partial)[size_t(key)];
      }
  }
};

/// Checks the entries of one item against the pattern; returns the pairs that it keeps.
int64_t checkItem(const Problem &problem, const Schedule &schedule, const Coverage &coverage,
                  const WorkItem &item, PatternWalk &walk) {
  int64_t queryEnd = std::min<int64_t>(item.query + schedule.tileQ, problem.query().tokenCount()),
          kept = 0;
  bool once = true, covered = true, allOfFull = true;
  for (int64_t query = item.query; query < queryEnd; ++query)
    for (size_t key = 0; key < coverage.full.size(); ++key) {
      bool keeps = walk.keeps(item.batch, item.head, query, int64_t(key));
      int times = coverage.full[key] + coverage.partial[key];
      kept += keeps;
      once &= times <= 1;
      covered &= !keeps || times == 1;
      allOfFull &= keeps || coverage.full[key] == 0;
    }
  CHECK(once);
  CHECK(covered);
  CHECK(allOfFull);
  CHECK_FALSE(coverage.fullPastTheEnd);
  return kept;
}

/// Which part of a frame's places a tile begins in, of as many equal ones as half the square root
/// of the frames, none narrower than 512 places.
int64_t band(const WorkItem &item, const Layout &queries) {
  int64_t places = queries.tokensPerFrame(), bands = 1;
  while (4 * bands * (bands + 1) < queries.frameCount() && (bands + 1) * 512 <= places)
    ++bands;
  if (queries.coordinate(Coordinate::IsText, item.query))
    return bands - 1;
  return queries.coordinate(Coordinate::Place, item.query) * bands / places;
}

/// The items of a cluster stay together, and count as one by the length of both.
void checkOrder(const std::vector<WorkItem> &work, const Schedule &schedule,
                const Layout &queries) {
  auto together = size_t(schedule.cluster);
  auto lengthAt = [&](size_t i) {
    return length(work[i]) + (together == 2 ? length(work[i + 1]) : 0);
  };
  double mean = 0;
  for (const WorkItem &item : work)
    mean += double(length(item)) * double(together) / double(work.size());
  auto isLong = [&](size_t i) { return double(lengthAt(i)) > 1.5 * mean; };
  for (size_t b = together; b < work.size(); b += together) {
    size_t a = b - together;
    bool natural = place(work[a]) < place(work[b]);
    if (schedule.order == WorkOrder::Natural)
      REQUIRE(natural);
    if (schedule.order == WorkOrder::LongFirst)
      REQUIRE((isLong(a) == isLong(b) ? natural : isLong(a)));
    if (schedule.order == WorkOrder::LongestFirst)
      REQUIRE((lengthAt(a) == lengthAt(b) ? natural : lengthAt(a) > lengthAt(b)));
    auto across = [&](const WorkItem &item) {
      return std::tuple(item.batch, item.head, band(item, queries), item.query);
    };
    if (schedule.order == WorkOrder::AcrossFrames)
      REQUIRE((isLong(a) == isLong(b) ? across(work[a]) < across(work[b]) : isLong(a)));
  }
}

/// Plans of both formats: gathered from chunks, and key tile by key tile.
Schedule randomSchedule(test::RandomNumbers &random) {
  Schedule schedule{.tileQ = random.pick({16, 32, 64, 128, 192}),
                    .tileK = random.pick({16, 32, 64, 128, 176, 192}),
                    .order = random.pick({WorkOrder::Natural, WorkOrder::LongFirst,
                                          WorkOrder::LongestFirst, WorkOrder::AcrossFrames})};
  schedule.gather = random.pick({0, 16, 64, schedule.tileK});
  if (schedule.gather && schedule.tileK % schedule.gather)
    schedule.gather = 16;
  if (schedule.gather)
    schedule.cluster = random.pick({1, 2});
  return schedule;
}

/// The tiles of a cluster are neighbours. They share whole stages, which come after the first one,
/// and as many as keys that both keep in full make, less one at most.
void checkClusters(const Plan &made, const Schedule &schedule, int64_t queries, int64_t keys) {
  for (size_t i = 0; i < made.work.size() && schedule.cluster == 1; ++i)
    REQUIRE(made.work[i].shared == 0);
  auto perStage = size_t(std::max(schedule.tileK / std::max(schedule.gather, 1), 1));
  for (size_t i = 1; i < made.work.size() && schedule.cluster == 2; i += 2) {
    const WorkItem &a = made.work[i - 1], &b = made.work[i];
    REQUIRE(a.query % uint32_t(2 * schedule.tileQ) == 0);
    REQUIRE(std::tuple(a.batch, a.head, a.query + uint32_t(schedule.tileQ)) == place(b));
    REQUIRE(a.shared == b.shared);
    REQUIRE(a.shared < std::min(a.full, b.full));
    auto stagesOf = [&](const WorkItem &item) {
      return std::span(made.stages).subspan((item.first + 1) * perStage, item.shared * perStage);
    };
    REQUIRE(std::ranges::equal(stagesOf(a), stagesOf(b)));
    if (b.query >= queries)
      REQUIRE(length(b) == 1);
    if (b.query >= queries)
      continue;
    Coverage ofA(made, a, schedule, keys), ofB(made, b, schedule, keys);
    int64_t inBoth = 0;
    for (int64_t key = 0; key + schedule.gather <= keys; key += schedule.gather)
      inBoth += ofA.full[size_t(key)] && ofB.full[size_t(key)];
    REQUIRE(a.shared >= inBoth / int64_t(perStage) - 1);
  }
}

TEST_CASE("a plan covers each kept pair once, and full tiles have no other") {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    test::RandomProblem drawn = test::RandomProblem::make(seed, Element::BF16, false);
    const Problem &problem = drawn.problem;
    test::RandomNumbers random(seed + 1'000'000);
    Schedule schedule = randomSchedule(random);
    CAPTURE(drawn.text());
    CAPTURE(schedule.text());
    Plan made = plan(problem, schedule);

    int64_t rows = int64_t{schedule.tileQ} * schedule.cluster;
    int64_t clusters = (problem.query().tokenCount() + rows - 1) / rows;
    REQUIRE(int64_t(made.work.size()) ==
            clusters * schedule.cluster * problem.shape().heads * problem.shape().batch);
    checkOrder(made.work, schedule, problem.query());
    checkClusters(made, schedule, problem.query().tokenCount(), problem.key().tokenCount());

    std::vector<WorkItem> work = made.work;
    std::sort(work.begin(), work.end(),
              [](const WorkItem &a, const WorkItem &b) { return place(a) < place(b); });
    PatternWalk walk(problem.pattern(), problem.query(), problem.key());
    int64_t kept = 0, covered = 0;
    for (size_t i = 0; i < work.size(); ++i) {
      const WorkItem &item = work[i];
      REQUIRE(item.query % uint32_t(schedule.tileQ) == 0);
      REQUIRE((i == 0 || place(work[i - 1]) < place(item)));
      if (item.query >= problem.query().tokenCount()) // the other block of a cluster
        continue;
      Coverage coverage(made, item, schedule, problem.key().tokenCount());
      kept += checkItem(problem, schedule, coverage, item, walk);
      covered += coverage.keys *
                 std::clamp<int64_t>(problem.query().tokenCount() - item.query, 0, schedule.tileQ);
      // A gathering producer reads three stages ahead.
      if (int64_t gather = schedule.gather)
        REQUIRE((int64_t{item.first} + int64_t(length(item)) + 3) * (schedule.tileK / gather) <=
                int64_t(made.stages.size()));
    }
    CHECK(made.keptPairs == kept);
    CHECK(made.coveredPairs == covered);
  }
}

TEST_CASE("a dense plan has one list of key tiles, with the ragged one last and partial") {
  Problem problem = attention(Layout::sequence(1'000), Layout::sequence(300), {.heads = 3});
  Plan dense = plan(problem, {.tileQ = 128, .tileK = 64});
  CHECK(dense.stages == std::vector<uint32_t>{0, 64, 128, 192, 256});
  for (const WorkItem &item : dense.work) {
    CHECK(item.first == 0);
    CHECK(item.full == 4);
    CHECK(item.partial == 1);
  }
  CHECK(dense.coveredPairs == 3 * 1'000 * 300);
  CHECK(dense.keptPairs == 3 * 1'000 * 300);
}

TEST_CASE("a dense gathered plan has its ragged end in the first stage, and no masked one") {
  Problem problem = attention(Layout::sequence(1'000), Layout::sequence(300), {.heads = 3});
  constexpr uint32_t flag = uint32_t{1} << 31;
  for (int gather : {16, 64}) {
    Plan dense = plan(problem, {.tileQ = 128, .tileK = 64, .gather = gather});
    size_t perStage = size_t(64 / gather);
    REQUIRE(dense.stages.size() == 8 * perStage);
    for (size_t stage = 0; stage < 5; ++stage)
      CHECK(dense.stages[stage * perStage] ==
            (flag | std::vector{256u, 0u, 64u, 128u, 192u}[stage]));
    for (const WorkItem &item : dense.work) {
      CHECK(item.first == 0);
      CHECK(item.full == 5);
      CHECK(item.partial == 0);
      CHECK(item.columns == 44);
    }
    CHECK(dense.coveredPairs == 3 * 1'000 * 300);
  }
}

TEST_CASE("padding of a masked stage begins past the last key") {
  Layout layout = Layout::sequence(100);
  auto [q, k] = layout.tokens();
  Plan made = plan(attention(layout, {}).where(k.index() <= q.index()),
                   {.tileQ = 64, .tileK = 64, .gather = 16, .order = WorkOrder::Natural});
  REQUIRE(made.work.size() == 2);
  CHECK(made.work[0].full == 1);
  CHECK(made.work[0].columns == 0);
  CHECK(made.work[0].partial == 1);
  CHECK(made.work[1].columns == 64);
  CHECK(made.work[1].first == 2);
  CHECK(made.work[1].partial == 1);
  constexpr uint32_t flag = uint32_t{1} << 31;
  // Row 0: a stage of padding, then keys 0..63. Row 1: keys 0..63, then 64..99 and padding.
  CHECK(std::vector(made.stages.begin(), made.stages.begin() + 16) ==
        std::vector<uint32_t>{100 | flag, 116, 132, 148, 0 | flag, 16, 32, 48, //
                              0 | flag, 16, 32, 48, 64 | flag, 80, 96, 112});
}

TEST_CASE("across frames, a band of places comes before the next, and long rows before both") {
  Layout clip = Layout::frames(9, 1'200, 100);
  auto [q, k] = clip.tokens();
  Problem problem =
      attention(clip, {.heads = 2}).where(q.isText() | (k.frame() == 0 & q.place() >= k.place()));
  Schedule schedule{.tileQ = 100, .tileK = 50, .order = WorkOrder::AcrossFrames};
  Plan made = plan(problem, schedule);
  checkOrder(made.work, schedule, clip);
  std::vector<uint32_t> firstHead;
  for (const WorkItem &item : made.work)
    if (item.head == 0)
      firstHead.push_back(item.query);
  REQUIRE(firstHead.size() == 109);
  CHECK(firstHead[0] == 1'100);      // the last tile of frame 0 is long
  CHECK(firstHead[9] == 10'800);     // so is text
  CHECK(firstHead[10] == 0);         // then places 0 to 599 of all frames
  CHECK(firstHead[10 + 6] == 1'200); //
  CHECK(firstHead[10 + 54] == 600);  // and the others that are not long
}

TEST_CASE("a query tile that keeps nothing stays in the list") {
  Layout layout = Layout::sequence(256);
  auto [q, k] = layout.tokens();
  Plan made = plan(attention(layout, {.heads = 2}).where(q.index() >= 128 & k.index() < 64),
                   {.tileQ = 64, .tileK = 64, .order = WorkOrder::LongestFirst});
  REQUIRE(made.work.size() == 8);
  for (size_t i = 0; i < 8; ++i)
    CHECK(length(made.work[i]) == (i < 4 ? 1 : 0));
}

TEST_CASE("heads of one mask class share their key tiles") {
  Layout layout = Layout::sequence(512);
  Pattern narrow = patterns::window(layout, 10), wide = patterns::window(layout, 100);
  Schedule schedule{.tileQ = 64, .tileK = 64, .order = WorkOrder::Natural};
  Plan one = plan(attention(layout, {.heads = 2}).where(perHead({narrow, wide})), schedule);
  Plan many = plan(attention(layout, {.heads = 12}).where(perHead({narrow, wide})), schedule);
  CHECK(one.stages == many.stages);
  CHECK(many.work.size() == 12 * 8);
  CHECK(many.work[8 * 10].first == many.work[0].first);
}

TEST_CASE("a plan carries the program's constants and tables, and a slope for every head") {
  Layout clip = Layout::video({.frames = 4, .height = 8, .width = 8});
  auto [q, k] = clip.tokens();
  Problem problem = attention(clip, {.heads = 3})
                        .where(patterns::radialReference({.block = 32}))
                        .withBias(abs(q.place() - k.place()), {0.5f})
                        .withBias(abs(q.frame() - k.frame()), {1, 2, 3});
  Plan made = plan(problem, {});
  Result<Program> program = lowerProgram(problem);
  REQUIRE(program);
  CHECK(made.constants == program->constants);
  CHECK(made.tables == program->tables);
  CHECK(made.slopes == std::vector<float>{0.5, 0.5, 0.5, 1, 2, 3});
  CHECK(made.bytes() == made.work.size() * 32 + made.stages.size() * 4 + made.constants.size() * 8 +
                            made.tables.size() * 4 + 6 * 4);
}

TEST_CASE("chunks that do not make up a key tile are refused with the nearest that do") {
  auto text = [](const Problem &problem, int tileK, int gather) {
    Result<Plan> made = makePlan(problem, {.tileK = tileK, .gather = gather});
    REQUIRE_FALSE(made);
    return made.error().text();
  };
  Problem small = attention(Layout::sequence(8), {});
  CHECK(text(small, 192, 40) == "a schedule with key tiles of 192 rows in chunks of 40; use a "
                                "gather that divides tileK, for example 32");
  CHECK(text(small, 64, 128) == "a schedule with key tiles of 64 rows in chunks of 128; use a "
                                "gather that divides tileK, for example 64");
  CHECK(text(small, 64, -16) == "a schedule with key tiles of 64 rows in chunks of -16; use a "
                                "gather that divides tileK, for example 1");
  Problem huge = attention(Layout::sequence(1), Layout::sequence(INT32_MAX), {});
  CHECK(text(huge, 64, 64) == "a plan of gathered stages for 2147483647 keys; use at most "
                              "2147483519 keys");
}

TEST_CASE("tiles of no rows are refused") {
  Result<Plan> made = makePlan(attention(Layout::sequence(8), {}), {.tileQ = 0});
  REQUIRE_FALSE(made);
  CHECK(made.error().text() == "a schedule with tiles of 0 x 64; use tiles of at least 1 x 1, for "
                               "example 128 x 64");
}

TEST_CASE("a plan of halves takes an even number of chunks") {
  Schedule lists{.tileQ = 128, .tileK = 96, .gather = 32};
  lists.groupLists = 1;
  Problem dense = attention(Layout::sequence(1000), {});
  CHECK(makePlan(dense, lists));
  Result<Plan> odd = makePlan(dense, lists, /*forMasks=*/false);
  REQUIRE_FALSE(odd);
  CHECK(odd.error().text() ==
        "a schedule that halves key tiles of 3 chunks, an odd number; use tileK=64");
  lists.gather = 96;
  odd = makePlan(dense, lists, /*forMasks=*/false);
  REQUIRE_FALSE(odd);
  CHECK(odd.error().text() ==
        "a schedule that halves key tiles of 1 chunks, an odd number; use tileK=192");
}

TEST_CASE("a plan for a kernel that evaluates no mask has no constants and tables but for biases") {
  Layout clip = Layout::frames(4, 256);
  Problem plain = attention(clip, {}).where(patterns::radialReference());
  Schedule schedule{.tileQ = 128, .tileK = 128, .gather = 64};
  Result<Plan> whole = makePlan(plain, schedule), bare = makePlan(plain, schedule, false);
  REQUIRE(whole);
  REQUIRE(bare);
  CHECK(!whole->tables.empty());
  CHECK(bare->tables.empty());
  CHECK(bare->constants.empty());
  CHECK(bare->stages == whole->stages);
  CHECK(bare->work.size() == whole->work.size());
  CHECK(bare->keptPairs == whole->keptPairs);
  auto [q, k] = clip.tokens();
  Result<Plan> biased = makePlan(plain.withBias(q.index() - 5 * k.index(), {1}), schedule, false);
  REQUIRE(biased);
  CHECK(!biased->constants.empty());
}

} // namespace
} // namespace halftone
