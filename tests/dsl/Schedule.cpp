#include "dsl/Schedule.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

std::string refusal(std::string_view text) {
  Result<Schedule> schedule = Schedule::parse(text);
  return schedule ? "accepted" : schedule.error().text();
}

} // namespace

TEST_CASE("a schedule's text reads back") {
  CHECK(Schedule{}.text() == "tileQ=128 tileK=64 stages=2 order=longFirst");
  for (WorkOrder order : {WorkOrder::Natural, WorkOrder::LongFirst, WorkOrder::LongestFirst,
                          WorkOrder::AcrossFrames}) {
    Schedule schedule{.tileQ = 64,
                      .tileK = 176,
                      .stages = 3,
                      .warps = 8,
                      .vectorWidth = 16,
                      .gather = 16,
                      .overlap = 1,
                      .pingPong = 1,
                      .skipRescale = 1,
                      .cluster = 2,
                      .order = order};
    CHECK(schedule.text().find("warps=8 vectorWidth=16 gather=16 overlap=1 pingPong=1 "
                               "skipRescale=1 cluster=2 order=") != std::string::npos);
    Result<Schedule> back = Schedule::parse(schedule.text());
    REQUIRE(back);
    CHECK(*back == schedule);
  }
}

TEST_CASE("any subset of the fields may be given") {
  Result<Schedule> schedule = Schedule::parse(" stages=3\ttileQ=64 ");
  REQUIRE(schedule);
  CHECK(*schedule == Schedule{.tileQ = 64, .stages = 3});
  CHECK(*Schedule::parse("") == Schedule{});
}

TEST_CASE("mistakes in a schedule point at the column") {
  CHECK(refusal("tileq=64") == "column 1: unknown field `tileq` of a schedule; did you mean tileQ");
  CHECK(refusal("tileQ=64 order=natral") ==
        "column 16: unknown order `natral`; did you mean natural");
  CHECK(refusal("tileQ=0") == "column 7: tileQ=0 is out of range; use 1..1024");
  CHECK(refusal("cluster=3") == "column 9: cluster=3 is out of range; use 1..2");
  CHECK(refusal("warps=99999999999") == "column 7: warps=99999999999 is out of range; use 1..32");
  CHECK(refusal("tileQ=64 tileQ=64") == "column 10: `tileQ` is given twice; give it once");
  CHECK(refusal("tileQ 64") == "column 7: expected `=`, found `64`");
  CHECK(refusal("tileQ=") == "column 7: expected a whole number, found the end");
  CHECK(refusal("=") == "column 1: expected a field such as tileQ=128, found `=`");
}
