#include "autotune/ConfigurationStore.h"

#include "autotune/ConfigurationFile.h"
#include "autotune/ReadOnlyConfigurations.h"
#include "tests/autotune/SampleConfiguration.h"
#include "tests/autotune/ScratchFolder.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

using namespace halftone;
using namespace halftone::test;

namespace {

Configuration timed(int64_t heads, double milliseconds, const char *when = "2026-11-24T18:45:00Z") {
  Configuration result = sampleConfiguration(heads);
  result.best.medianMilliseconds = milliseconds;
  result.when = when;
  return result;
}

std::string file(const std::vector<Configuration> &configurations) {
  Result<std::string> bytes = writeConfigurations(configurations);
  REQUIRE(bytes);
  return *bytes;
}

} // namespace

TEST_CASE("what is put is found, here and by another process") {
  ScratchFolder scratch;
  ConfigurationStore store(onlyUser(scratch.path("cache")));
  CHECK(store.get(sampleKey()).match == Lookup::Match::Miss);
  CHECK(store.get(sampleKey()).text() == "not tuned: nothing is stored");
  CHECK(scratch.files().empty()); // looking makes nothing
  REQUIRE(store.put(sampleConfiguration()));
  CHECK(scratch.files() ==
        std::vector<std::string>{"cache/configurations/" + sampleKey().hash() + ".json"});

  ConfigurationStore other(onlyUser(scratch.path("cache")));
  for (const ConfigurationStore *reader : {&store, &other}) {
    Lookup found = reader->get(sampleKey());
    CHECK(found.match == Lookup::Match::Hit);
    CHECK(found.layer == Layer::User);
    CHECK(found.differences.empty());
    REQUIRE(found.configuration);
    CHECK(found.configuration->best.schedule == sampleConfiguration().best.schedule);
    CHECK(found.text() == "tuned (user, 2026-11-24T18:45:00Z)");
  }
  REQUIRE(store.put(timed(40, 7)));
  CHECK(other.get(sampleKey()).configuration->best.medianMilliseconds == 7);
  CHECK(store.takeWarnings().empty());
}

TEST_CASE("without a folder everything works in memory, with one warning") {
  CacheLocation nowhere = CacheLocation::find({"", "", ""});
  nowhere.systemFolder = nowhere.shippedFolder = "";
  ConfigurationStore store(nowhere);
  REQUIRE(store.put(sampleConfiguration()));
  REQUIRE(store.put(sampleConfiguration(24)));
  Lookup found = store.get(sampleKey());
  CHECK(found.match == Lookup::Match::Hit);
  CHECK(found.layer == Layer::Memory);
  CHECK(store.takeWarnings() == std::vector<std::string>{nowhere.whyNoFolder});
  CHECK(store.takeWarnings().empty());
  Result<bool> removed = store.remove(sampleKey());
  REQUIRE(removed);
  CHECK(*removed);
  CHECK(store.get(sampleKey()).match == Lookup::Match::Nearest);
}

TEST_CASE("the nearest configuration is one that may be used, and it is said to be that") {
  ScratchFolder scratch;
  ConfigurationStore store(onlyUser(scratch.path()));
  REQUIRE(store.put(timed(10, 1)));
  REQUIRE(store.put(timed(20, 2)));
  Lookup found = store.get(sampleKey());
  CHECK(found.match == Lookup::Match::Nearest);
  REQUIRE(found.configuration);
  CHECK(found.configuration->best.medianMilliseconds == 2);
  CHECK(found.text() == "nearest (user, 2026-11-24T18:45:00Z): heads is 40 here and 20 there, "
                        "kvHeads is 40 here and 20 there");

  Key other = sampleKey(20);
  other.target = "sm_90";
  found = store.get(other);
  CHECK(found.match == Lookup::Match::Miss);
  CHECK_FALSE(found.configuration);
  CHECK(found.text() == "not tuned: target is sm_90 here and sm_90a there");
  other.target = "sm_90a";
  other.headDim = 64;
  CHECK(store.get(other).text() == "not tuned: headDim is 64 here and 128 there");
}

TEST_CASE("of those equally near the newest counts") {
  ScratchFolder scratch;
  ConfigurationStore store(onlyUser(scratch.path()));
  Key key = sampleKey();
  for (auto [llvm, when, milliseconds] : {std::tuple{"21", "2026-11-01T00:00:00Z", 1.0},
                                          {"20", "2026-11-03T00:00:00Z", 3.0},
                                          {"19", "2026-11-02T00:00:00Z", 2.0}}) {
    Configuration configuration = timed(40, milliseconds, when);
    configuration.key.llvm = llvm;
    REQUIRE(store.put(configuration));
  }
  Lookup found = store.get(key);
  CHECK(found.match == Lookup::Match::Nearest);
  CHECK(found.configuration->best.medianMilliseconds == 3);
  CHECK(found.text() == "nearest (user, 2026-11-03T00:00:00Z): llvm is 22.1.8 here and 20 there");
}

TEST_CASE("layers, from the explicit file down to what came with Halftone") {
  ScratchFolder scratch;
  CacheLocation location = onlyUser(scratch.path("user"));
  location.explicitFile = scratch.path("mine.json");
  location.systemFolder = scratch.path("system");
  location.shippedFolder = scratch.path("shipped");
  scratch.write("mine.json", file({timed(1, 1)}));
  scratch.write("system/a.json", file({timed(1, 3), timed(2, 3), timed(3, 3)}));
  scratch.write("system/b.json", file({timed(3, 30)})); // after a.json
  scratch.write("system/readme.txt", "not a configuration");
  scratch.write("shipped/x.json", file({timed(1, 4), timed(2, 4), timed(3, 4), timed(4, 4)}));
  ConfigurationStore store(location);
  REQUIRE(store.put(timed(1, 2)));
  REQUIRE(store.put(timed(2, 2)));
  auto found = [&store](int64_t heads) {
    Lookup lookup = store.get(sampleKey(heads));
    REQUIRE(lookup.match == Lookup::Match::Hit);
    return std::string(layerName(lookup.layer)) + " " +
           std::to_string(int(lookup.configuration->best.medianMilliseconds));
  };
  CHECK(found(1) == "explicit 1");
  CHECK(found(2) == "user 2");
  CHECK(found(3) == "system 30");
  CHECK(found(4) == "shipped 4");
  CHECK(store.all().size() == 10);
  CHECK(store.takeWarnings().empty());
  // What is below the user's folder is not written and not removed.
  Result<bool> removed = store.remove(sampleKey(4));
  REQUIRE(removed);
  CHECK_FALSE(*removed);
  CHECK(found(4) == "shipped 4");
}

TEST_CASE("a damaged file of a layer is one warning, and the others still count") {
  ScratchFolder scratch;
  CacheLocation location = onlyUser(scratch.path("user"));
  location.explicitFile = scratch.path("none.json");
  location.shippedFolder = scratch.path("shipped");
  scratch.write("shipped/a.json", "{");
  scratch.write("shipped/b.json", file({timed(1, 1)}));
  ConfigurationStore store(location);
  CHECK(store.get(sampleKey(1)).match == Lookup::Match::Hit);
  CHECK(store.get(sampleKey(1)).match == Lookup::Match::Hit);
  std::vector<std::string> warnings = store.takeWarnings();
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0] ==
        "cannot read `" + scratch.path("none.json") + "`: No such file or directory");
  CHECK(warnings[1].starts_with("`" + scratch.path("shipped/a.json") +
                                "` is not used: not a file of Halftone configurations: "));
}

TEST_CASE("what cannot be kept is refused, and nothing is written") {
  ScratchFolder scratch;
  ConfigurationStore store(onlyUser(scratch.path("cache")));
  auto message = [&store](auto change) {
    Configuration configuration = sampleConfiguration();
    change(configuration);
    Status status = store.put(configuration);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::Misuse);
    return status.error().message;
  };
  const std::string cannot = "not a configuration that can be kept: configurations[0].";
  CHECK(message([](Configuration &c) {
          c.best.medianMilliseconds = 0;
        }).starts_with(cannot + "best.medianMilliseconds: "));
  CHECK(message([](Configuration &c) {
          c.best.medianMilliseconds = std::numeric_limits<double>::infinity();
        }).starts_with(cannot + "best.medianMilliseconds: "));
  CHECK(message([](Configuration &c) {
          c.runnersUp[1].spreadMilliseconds = std::numeric_limits<double>::quiet_NaN();
        }).starts_with(cannot + "runnersUp[1].spreadMilliseconds: "));
  CHECK(message([](Configuration &c) { c.device = "a\x1b[31mb"; }) ==
        cannot + "device: it holds a control character");
  CHECK(message([](Configuration &c) { c.device = "\xff"; }) == cannot + "device: it is not UTF-8");
  CHECK(
      message([](Configuration &c) { c.key.pattern = "?"; }).starts_with(cannot + "key.pattern: "));
  CHECK(message([](Configuration &c) { c.key.heads = 0; }).starts_with(cannot + "key.heads: "));
  CHECK(message([](Configuration &c) { c.when = "now"; }).starts_with(cannot + "when: "));
  CHECK(scratch.files().empty());
}

TEST_CASE("the configurations that come with Halftone can be used") {
  Warnings warnings;
  ReadOnlyConfigurations::ofFolder(HALFTONE_SOURCE_DIR "/kernels/tuned", warnings);
  for (const std::string &warning : warnings.take())
    FAIL_CHECK(warning);
}

TEST_CASE("a hit on disk takes less than a millisecond") {
  ScratchFolder scratch;
  ConfigurationStore store(onlyUser(scratch.path()));
  REQUIRE(store.put(sampleConfiguration()));
  double least = 1;
  for (int i = 0; i < 200; ++i) { // the least of many: other programs run too
    auto start = std::chrono::steady_clock::now();
    Lookup found = store.get(sampleKey());
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    REQUIRE(found.match == Lookup::Match::Hit);
    least = std::min(least, took.count());
  }
  MESSAGE("a hit: " << least * 1e6 << " microseconds");
  CHECK(least < 1e-3);
}

TEST_CASE("one store serves many threads") {
  ScratchFolder scratch;
  CacheLocation location = onlyUser(scratch.path("user"));
  location.shippedFolder = scratch.path("shipped");
  scratch.write("shipped/a.json", file({timed(100, 1)}));
  ConfigurationStore store(location);
  ConfigurationStore memory{CacheLocation()};
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 20; ++round) {
        int64_t heads = 1 + (thread + round) % 3;
        for (ConfigurationStore *one : {&store, &memory}) {
          wrong += !one->put(timed(heads, 1 + thread));
          wrong += one->get(sampleKey(heads)).match != Lookup::Match::Hit;
          one->takeWarnings();
        }
        wrong += store.get(sampleKey(100)).layer != Layer::Shipped;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("clearing and removing what is damaged leave other files alone") {
  ScratchFolder scratch;
  ConfigurationStore store(onlyUser(scratch.path()));
  for (int64_t heads : {1, 2, 3})
    REQUIRE(store.put(timed(heads, 1)));
  std::string damaged = "configurations/" + sampleKey(2).hash() + ".json";
  scratch.write(damaged, scratch.read(damaged) + " ");
  scratch.write("configurations/notes.json", "mine");
  scratch.write("configurations/.writing-1", "half");
  Result<size_t> removed = store.removeDamaged();
  REQUIRE(removed);
  CHECK(*removed == 1);
  CHECK(store.all().size() == 2);
  CHECK(scratch.files().size() == 4); // two entries, the notes, and a writer at work
  removed = store.clear();
  REQUIRE(removed);
  CHECK(*removed == 2);
  CHECK(scratch.read("configurations/notes.json") == "mine");
  CHECK(store.takeWarnings().empty());
  removed = ConfigurationStore(onlyUser(scratch.path("none"))).clear();
  REQUIRE(removed);
  CHECK(*removed == 0);
}
