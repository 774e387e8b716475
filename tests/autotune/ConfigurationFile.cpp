#include "autotune/ConfigurationFile.h"

#include "tests/autotune/SampleConfiguration.h"

#include <doctest/doctest.h>

using namespace halftone;
using namespace halftone::test;

TEST_CASE("what is written reads back") {
  Configuration one = sampleConfiguration();
  Result<std::string> bytes = writeConfigurations({one, sampleConfiguration(24)});
  REQUIRE(bytes);
  Result<std::vector<Configuration>> all = readConfigurations(*bytes);
  REQUIRE_MESSAGE(all, all.error().message);
  REQUIRE(all->size() == 2);
  const Configuration &back = all->front();
  CHECK(back.key == one.key);
  CHECK(back.problem == one.problem);
  CHECK(back.best.schedule == one.best.schedule);
  CHECK(back.best.medianMilliseconds == one.best.medianMilliseconds);
  CHECK(back.best.spreadMilliseconds == one.best.spreadMilliseconds);
  REQUIRE(back.runnersUp.size() == 2);
  CHECK(back.runnersUp[1].schedule == one.runnersUp[1].schedule);
  CHECK(back.defaultScheduleMilliseconds == one.defaultScheduleMilliseconds);
  CHECK(back.device == one.device);
  CHECK(back.driver == one.driver);
  CHECK(back.smClockMHz == one.smClockMHz);
  CHECK(back.memoryClockMHz == one.memoryClockMHz);
  CHECK(back.timings == one.timings);
  CHECK(back.when == one.when);
}
