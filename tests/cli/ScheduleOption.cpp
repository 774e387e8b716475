// --schedule: fields to change in the default schedule, or a schedule as it is printed.
#include "cli/ScheduleOption.h"

#include "kernels/patterns/Radial.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

/// Its default on sm_90a has lists by warp group and clusters.
Problem blocks() {
  return attention(Layout::frames(4, 512), {.heads = 2, .headDim = 128})
      .where(patterns::radialReference({.block = 128}));
}

std::string chosen(std::string_view text, std::string_view target = "sm_90a") {
  Result<Schedule> schedule = cli::chooseSchedule(text, blocks(), *Target::parse(target));
  return schedule ? schedule->text() : schedule.error().text();
}

} // namespace

TEST_CASE("a schedule as it is printed is taken as it is, whatever the default has") {
  Schedule standard = defaultSchedule(blocks(), *Target::parse("sm_90a"));
  REQUIRE(standard.groupLists == 1);
  REQUIRE(standard.cluster == 2);
  for (std::string_view text :
       {"tileQ=128 tileK=192 stages=2 gather=64 overlap=1 order=longFirst",
        "tileQ=128 tileK=128 stages=3 gather=64 overlap=1 skipRescale=1 cluster=2 order=natural",
        "tileQ=192 tileK=96 stages=2 gather=16 groupLists=1 order=longestFirst"})
    CHECK(chosen(text) == text);
  CHECK(chosen(standard.text()) == standard.text());
  CHECK(chosen("tileQ=64 tileK=32 stages=2 order=natural", "cpu") ==
        "tileQ=64 tileK=32 stages=2 order=natural");
}

TEST_CASE("fewer fields are changed in the default schedule") {
  CHECK(chosen("") == defaultSchedule(blocks(), *Target::parse("sm_90a")).text());
  CHECK(chosen("cluster=1 order=natural") ==
        "tileQ=192 tileK=128 stages=2 gather=64 skipRescale=1 groupLists=1 order=natural");
  CHECK(chosen("overlap=1") ==
        "groupLists=1 takes one product at a time, not overlap=1; use overlap=0");
}

TEST_CASE("a mistake is told in the words that were given") {
  CHECK(chosen("tileK=128 stagse=3") ==
        "column 11: unknown field `stagse` of a schedule; did you mean stages");
}
