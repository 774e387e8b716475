// Several made-up devices at once.

#include "tests/autotune/FakeLandscape.h"
#include "tests/autotune/TuneFolder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <set>

using namespace halftone;
using namespace halftone::test;

namespace {

std::string winnerOf(const TuneReport &report) {
  REQUIRE(report.search.winner);
  return report.search.standings[*report.search.winner].candidate.schedule.text();
}

Result<TuneReport> tuneOn(const TuneFolder &folder, int devices) {
  StopSignal stop;
  TuneOptions options = folder.options();
  options.devices.resize(size_t(devices));
  std::iota(options.devices.begin(), options.devices.end(), 0);
  options.budget.candidates = 60;
  return tune(tunedProblem(), tunedTarget(), options, stop);
}

} // namespace

TEST_CASE("one, two and eight devices share the work evenly and find the same winner") {
  for (int devices : {1, 2, 8}) {
    CAPTURE(devices);
    TuneFolder folder;
    Result<TuneReport> report = tuneOn(folder, devices);
    REQUIRE(report);
    CHECK(winnerOf(*report) == fakeSummit);
    CHECK(report->droppedDevices.empty());
    REQUIRE(report->trialsByDevice.size() == size_t(devices));
    int total = std::accumulate(report->trialsByDevice.begin(), report->trialsByDevice.end(), 0);
    CHECK(total >= 60);
    for (int trials : report->trialsByDevice) {
      CHECK(trials >= 0.5 * total / devices);
      CHECK(trials <= 1.6 * total / devices);
    }
    // The finalists were measured on each of them.
    std::set<std::string> whereSummitRan;
    for (const std::string &line : folder.lines("log"))
      if (line.find("|4") != std::string::npos && line.ends_with(fakeSummit))
        whereSummitRan.insert(line.substr(0, line.find('|')));
    CHECK(whereSummitRan.size() == size_t(devices));
    CHECK(folder.processesLeft() == std::vector<int>());
  }
}

TEST_CASE("a device that dies is dropped with a reason, and costs no candidate") {
  for (int devices : {2, 8}) {
    CAPTURE(devices);
    TuneFolder folder;
    folder.write("deaths", "1|3\n");
    Result<TuneReport> report = tuneOn(folder, devices);
    REQUIRE(report);
    CHECK(winnerOf(*report) == fakeSummit);
    REQUIRE(report->droppedDevices.size() == 1);
    CHECK(report->droppedDevices.front() ==
          std::pair<int, std::string>(1, "the device has fallen off the bus"));
    CHECK(report->trialsByDevice[1] == 3);
    for (const Standing &standing : report->search.standings)
      CHECK(isTimed(standing.verdict));
    CHECK(report->trouble);
  }
}

TEST_CASE("a device that is dead from the start is dropped") {
  TuneFolder folder;
  folder.write("dead-0", "dead");
  Result<TuneReport> report = tuneOn(folder, 2);
  REQUIRE(report);
  CHECK(winnerOf(*report) == fakeSummit);
  CHECK(report->trialsByDevice[0] == 0);
  CHECK(report->droppedDevices.size() == 1);
}

TEST_CASE("where all devices die, what was measured is kept and the reason given") {
  TuneFolder folder;
  folder.write("deaths", "0|5\n1|4\n");
  Result<TuneReport> report = tuneOn(folder, 2);
  REQUIRE(report);
  CHECK(report->droppedDevices.size() == 2);
  REQUIRE_FALSE(report->trouble);
  CHECK(report->trouble.error().text() ==
        "no device is left to measure on: the device has fallen off the bus");
  CHECK(report->search.winner);
  CHECK_FALSE(report->search.complete);

  folder.write("dead-0", "dead");
  report = tuneOn(folder, 1);
  REQUIRE_FALSE(report);
  CHECK(report.error().text() == "the device has fallen off the bus");
}
