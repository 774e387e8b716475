// Targets by name, their default schedules, and what they refuse.
#include "codegen/Target.h"

#include "codegen/MmaLimits.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace halftone;

namespace {

Target targetOf(std::string_view name) {
  Result<Target> target = Target::parse(name);
  REQUIRE(target);
  return *target;
}

Problem clip(int64_t headDim, Element element = Element::BF16) {
  return attention(Layout::frames(4, 256), {.heads = 2, .headDim = headDim, .element = element});
}

std::string refusal(const Problem &problem, const Schedule &schedule, std::string_view target) {
  Status status = checkSchedule(problem, schedule, targetOf(target));
  return status ? "accepted" : status.error().message + "; " + status.error().fix;
}

} // namespace

TEST_CASE("targets are known by name") {
  CHECK(targetOf("cpu").kind == Target::Kind::Cpu);
  CHECK(targetOf("sm_80").computeCapability == 80);
  CHECK(targetOf("sm_80").sharedBytes == 163 * 1024);
  CHECK(targetOf("sm_120").sharedBytes == 99 * 1024);
  for (const std::string &name : Target::names())
    CHECK(targetOf(name).name == name);
  for (std::string_view name : {"cpu", "sm_80", "sm_86", "sm_89", "sm_90", "sm_120"})
    CHECK(std::ranges::count(Target::names(), name) == 1);
}

TEST_CASE("an unknown target is told the known ones") {
  Result<Target> target = Target::parse("sm_75");
  REQUIRE(!target);
  CHECK(target.error().code == ErrorCode::Unsupported);
  CHECK(target.error().message == "unknown target 'sm_75'");
  CHECK(
      target.error().fix ==
      "use one of cpu, sm_80, sm_86, sm_87, sm_89, sm_90, sm_90a, sm_100, sm_103, sm_120, sm_121");
  CHECK(Target::parse("sm_90a")->kind == Target::Kind::Hop);
  CHECK(Target::parse("sm_100a").error().fix == "use sm_100, which runs on the same GPUs");
  CHECK(!Target::parse(""));
}

TEST_CASE("the default schedule is accepted for every head dim and target") {
  for (const std::string &name : Target::names()) {
    Target target = targetOf(name);
    bool isCpu = target.kind == Target::Kind::Cpu;
    for (int64_t headDim = isCpu ? 8 : 16; headDim <= 256; headDim += isCpu ? 8 : 16) {
      Problem problem = clip(headDim);
      Schedule schedule = defaultSchedule(problem, target);
      CAPTURE(name);
      CAPTURE(headDim);
      CHECK(checkSchedule(problem, schedule, target));
      if (!isCpu)
        CHECK(mmaSharedBytes(headDim, schedule) <= target.sharedBytes);
    }
  }
}

TEST_CASE("tiles of a block mask divide its blocks") {
  for (int64_t block : {64, 128, 192})
    for (std::string_view name : {"cpu", "sm_80"})
      for (int64_t headDim : {64, 128, 256}) {
        Problem problem = clip(headDim).where(radialBlocks(1.0, block, true));
        Schedule schedule = defaultSchedule(problem, targetOf(name));
        CAPTURE(block);
        CAPTURE(headDim);
        CHECK(block % schedule.tileQ == 0);
        CHECK(block % schedule.tileK == 0);
      }
  // Two block masks: what divides both.
  Pattern both = radialBlocks(1.0, 128, true) | rounded(Pattern::dense(), Rounding::Any, 64);
  CHECK(defaultSchedule(clip(128).where(both), targetOf("sm_80")).tileQ == 64);
  // A block that no tile divides changes nothing: its tiles are masked.
  Problem odd = clip(128).where(radialBlocks(1.0, 100, true));
  CHECK(defaultSchedule(odd, targetOf("sm_80")) == defaultSchedule(clip(128), targetOf("sm_80")));
}

TEST_CASE(
    "on sm_90a block masks of long clips take two warp groups, of short ones lists for three") {
  auto schedule = [](Layout layout, const Pattern &pattern) {
    Problem problem = attention(layout, {.heads = 2, .headDim = 128}).where(pattern);
    Target target = targetOf("sm_90a");
    CHECK(checkSchedule(problem, defaultSchedule(problem, target), target));
    return defaultSchedule(problem, target).text();
  };
  Pattern blocks = radialBlocks(1.0, 128, true);
  std::string lists =
      "tileQ=192 tileK=128 stages=2 gather=64 skipRescale=1 groupLists=1 cluster=2 ";
  CHECK(schedule(Layout::frames(21, 3600), blocks) == lists + "order=acrossFrames");
  CHECK(schedule(Layout::frames(8, 3600), blocks) == lists + "order=longFirst"); // one band
  CHECK(schedule(Layout::sequence(75'600), blocks) == lists + "order=longFirst");
  CHECK(schedule(Layout::frames(21, 1560), blocks) ==
        "tileQ=128 tileK=128 stages=3 gather=128 overlap=1 skipRescale=1 cluster=2 "
        "order=acrossFrames");
  CHECK(schedule(Layout::frames(69, 3600), radialBlocks(1.0, 64, true)) ==
        lists + "order=acrossFrames");
  Problem capped = attention(Layout::frames(21, 3600), {.heads = 2, .headDim = 128})
                       .where(blocks)
                       .withSoftcap(30);
  CHECK(checkSchedule(capped, defaultSchedule(capped, targetOf("sm_90a")), targetOf("sm_90a")));
  // Masks by expression: small chunks where bands have edges.
  std::string masked = "tileQ=192 tileK=128 stages=2 gather=";
  auto [q, k] = Layout::sequence(1).tokens();
  Pattern causal = k.index() <= q.index();
  CHECK(schedule(Layout::frames(21, 3600), causal) ==
        masked + "16 skipRescale=1 groupLists=1 cluster=2 order=acrossFrames");
  CHECK(schedule(Layout::sequence(75'600), causal) ==
        masked + "32 skipRescale=1 groupLists=1 cluster=2 order=longFirst");
  // The order of a dense pattern's tiles changes no traffic.
  CHECK(schedule(Layout::frames(69, 3600), Pattern::dense()).ends_with("order=longFirst"));
}

TEST_CASE("what a target cannot do is refused with the nearest fix") {
  Schedule schedule;
  CHECK(refusal(clip(64, Element::F32), schedule, "sm_80") ==
        "the target sm_80 has no f32 kernels; use element bf16 or f16, or the target cpu");
  CHECK(refusal(clip(72), schedule, "sm_90") ==
        "the target sm_90 needs a head dim that is a multiple of 16, not 72; "
        "pad the heads to 80, or use the target cpu");
  CHECK(refusal(clip(64), {.vectorWidth = 8}, "sm_80") ==
        "vectorWidth=8 means nothing on the target sm_80; leave it out");
  CHECK(refusal(clip(64), {.stages = 3}, "sm_80") == "stages=3 is not 1 or 2; use stages=2");
  CHECK(refusal(clip(64), {.warps = 0}, "sm_80") == "warps=0 is not 1, 2, 4 or 8; use warps=4");
  CHECK(refusal(clip(64), {.tileQ = 100}, "sm_80") ==
        "tileQ=100 is not a multiple of 64 from 64 to 256; use tileQ=128");
  CHECK(refusal(clip(64), {.tileK = 8}, "sm_80") ==
        "tileK=8 is not a multiple of 16 from 16 to 128; use tileK=16");
  CHECK(refusal(clip(80), {.tileQ = 64, .tileK = 80}, "sm_80") ==
        "tileK=80 cannot be shared evenly by 4 warps, which copy 64 rows of this head dim at once; "
        "use tileK=128");
  CHECK(refusal(clip(256), {.tileQ = 128, .tileK = 128}, "sm_86") ==
        "the schedule needs 327680 bytes of shared memory; sm_86 has 101376 for a block; "
        "use tileQ=64 tileK=64 stages=1 order=longFirst");

  CHECK(refusal(clip(64), {.stages = 1}, "cpu") ==
        "stages=1 means nothing on the target cpu; leave it out");
  CHECK(refusal(clip(64), {.warps = 8}, "cpu") ==
        "warps=8 means nothing on the target cpu; leave it out");
  CHECK(refusal(clip(64), {.vectorWidth = 5}, "cpu") ==
        "vectorWidth=5 is not 0, 4, 8 or 16; use vectorWidth=0, the machine's own");
  CHECK(refusal(clip(64), {.tileK = 40}, "cpu") ==
        "tileK=40 is not a multiple of 16 from 16 to 256; use tileK=48");
}

TEST_CASE("what sm_90a cannot do is refused with the nearest fix") {
  auto ofText = [](const Problem &problem, std::string_view text) {
    Result<Schedule> schedule = Schedule::parse(text);
    REQUIRE(schedule);
    return refusal(problem, *schedule, "sm_90a");
  };
  Problem dense = clip(128);
  auto [q, k] = dense.query().tokens();
  Problem byExpression = dense.where(k.index() <= q.index());
  CHECK(ofText(dense, "tileQ=128 tileK=128 gather=128 overlap=1 cluster=2") == "accepted");
  CHECK(ofText(dense, "warps=8 gather=64") ==
        "warps=8 means nothing on the target sm_90a; leave it out");
  CHECK(ofText(dense, "tileQ=256 gather=64") ==
        "tileQ=256 is not a multiple of 64 from 64 to 192; use tileQ=192");
  CHECK(ofText(dense, "tileK=128 gather=48") ==
        "gather=48 does not divide tileK=128; use gather=16");
  CHECK(ofText(dense, "gather=64 stages=9") == "stages=9 is not 1 to 8; use stages=2");
  CHECK(ofText(dense, "gather=64 groupLists=1 overlap=1") ==
        "groupLists=1 takes one product at a time, not overlap=1; use overlap=0");
  CHECK(ofText(dense, "gather=64 groupLists=1 pingPong=1") ==
        "groupLists=1 has no turns to take, as pingPong=1 asks for; use pingPong=0");
  CHECK(ofText(dense, "tileQ=64 gather=64 groupLists=1") ==
        "groupLists=1 takes more than one warp group; use tileQ=128 or tileQ=192");
  CHECK(ofText(dense, "tileQ=192 tileK=112 gather=16 groupLists=1") ==
        "groupLists=1 halves key tiles, of which tileK=112 in chunks of 16 has none; use tileK=96");
  CHECK(ofText(clip(256), "tileK=192 gather=16") ==
        "a key tile of 48 boxes; the 32 lanes of the producer copy one each; use a larger gather");
  CHECK(ofText(dense, "tileQ=192 gather=64 pingPong=1") ==
        "pingPong=1 takes two warp groups, not 3; use tileQ=128");
  CHECK(ofText(clip(64), "gather=64 cluster=2") ==
        "cluster=2 at head dim 64, whose 1 panels of 64 columns two blocks cannot share evenly; "
        "use cluster=1");
  CHECK(ofText(byExpression, "gather=64 overlap=1 cluster=2") ==
        "cluster=2 for a mask by expression without lists by warp group; use cluster=1, or "
        "groupLists=1 overlap=0");
  Pattern strides = k.index() <= q.index();
  for (int64_t apart = 1000; apart < 50'000; apart += 1000)
    strides = strides | k.index() == q.index() + apart;
  CHECK(ofText(dense.where(strides),
               "tileQ=192 tileK=128 gather=16 groupLists=1 skipRescale=1 cluster=2") == "accepted");
  CHECK(ofText(byExpression,
               "tileQ=192 tileK=128 gather=16 groupLists=1 skipRescale=1 cluster=2") == "accepted");
  CHECK(ofText(byExpression, "tileQ=192 gather=64") ==
        "tileQ=192 for a mask by expression: three warp groups have no registers to evaluate it "
        "under a product; use groupLists=1 overlap=0, or tileQ=128");
  CHECK(ofText(dense, "tileQ=192 tileK=192 gather=64 stages=1") ==
        "the schedule keeps 160 registers of scores and outputs a thread; there is room for 130; "
        "use tileQ=192 tileK=128 stages=2 gather=64 skipRescale=1 groupLists=1 cluster=2 "
        "order=longFirst");
  CHECK(refusal(clip(64), {.cluster = 2}, "sm_80") ==
        "cluster=2 means nothing on the target sm_80; leave it out");
}
