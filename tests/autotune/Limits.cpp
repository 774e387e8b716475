#include "autotune/Limits.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

Problem dense(int64_t headDim, Element element = Element::BF16) {
  return attention(Layout::sequence(500), {.headDim = headDim, .element = element});
}

std::optional<Rejection> rejected(const Problem &problem, const char *schedule,
                                  const char *target) {
  return rejection(problem, *Schedule::parse(schedule), *Target::parse(target));
}

} // namespace

TEST_CASE("what does not fit is rejected with the reason as data") {
  auto shared = rejected(dense(256), "tileQ=128 tileK=128 stages=2 warps=8", "sm_86");
  REQUIRE(shared);
  CHECK(shared->limit == Limit::SharedMemory);
  CHECK(shared->reason == "the schedule needs 327680 bytes of shared memory; sm_86 has 101376 for "
                          "a block");

  auto shape = rejected(dense(64), "tileQ=100", "sm_80");
  REQUIRE(shape);
  CHECK(shape->limit == Limit::Shape);
  CHECK(shape->reason == "tileQ=100 is not a multiple of 64 from 64 to 256");

  auto registers = rejected(dense(128), "tileQ=256 tileK=64 stages=1 warps=2", "sm_80");
  REQUIRE(registers);
  CHECK(registers->limit == Limit::Registers);
  CHECK(registers->reason == "the inner loop keeps about 1024 registers a thread, of 255");

  auto problem = rejected(dense(64, Element::F32), "tileQ=128", "sm_80");
  REQUIRE(problem);
  CHECK(problem->limit == Limit::Target);
  CHECK(problem->reason == "the target sm_80 has no f32 kernels");

  CHECK_FALSE(rejected(dense(128), "tileQ=128 tileK=64 stages=2 warps=4", "sm_80"));
}

TEST_CASE("each limit has a name of its own") {
  CHECK(limitName(Limit::Shape) == "shape");
  CHECK(limitName(Limit::SharedMemory) == "sharedMemory");
  CHECK(limitName(Limit::Registers) == "registers");
  CHECK(limitName(Limit::Target) == "target");
}
