// Entries cut short and with single bits changed: always a miss, and a put repairs it.

#include "autotune/ConfigurationStore.h"
#include "tests/autotune/SampleConfiguration.h"
#include "tests/autotune/ScratchFolder.h"

#include <doctest/doctest.h>

#include <functional>
#include <random>

using namespace halftone;
using namespace halftone::test;

namespace {

/// Calls `check` with the entry cut at every length, and with 10,000 random bits changed.
void damage(const std::string &good, const std::function<void(const std::string &)> &check) {
  for (size_t length = 0; length < good.size(); ++length)
    check(good.substr(0, length));
  std::mt19937 random(20261124);
  for (int i = 0; i < 10000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] ^= char(1 << random() % 8);
    check(bad);
  }
  for (const char *tail : {"\n", " ", "x", "{}"})
    check(good + tail);
}

} // namespace

TEST_CASE("a damaged configuration is never used") {
  ScratchFolder scratch;
  ConfigurationStore writer(onlyUser(scratch.path()));
  REQUIRE(writer.put(sampleConfiguration()));
  std::string name = "configurations/" + sampleKey().hash() + ".json";
  std::string good = scratch.read(name);
  REQUIRE(good.size() > 1000);
  int checked = 0;
  damage(good, [&](const std::string &bytes) {
    scratch.write(name, bytes);
    ConfigurationStore store(onlyUser(scratch.path()));
    Lookup found = store.get(sampleKey());
    REQUIRE(found.match == Lookup::Match::Miss);
    std::vector<std::string> warnings = store.takeWarnings();
    REQUIRE(warnings.size() == 1);
    REQUIRE(warnings[0].starts_with("`" + scratch.path(name) + "` is not used: "));
    ++checked;
  });
  CHECK(checked == int(good.size()) + 10004);
  REQUIRE(writer.put(sampleConfiguration()));
  CHECK(scratch.read(name) == good);
  CHECK(writer.get(sampleKey()).match == Lookup::Match::Hit);
}

TEST_CASE("an entry of another key under this name is not used") {
  ScratchFolder scratch;
  ConfigurationStore store(onlyUser(scratch.path()));
  REQUIRE(store.put(sampleConfiguration(24)));
  std::string bytes = scratch.read("configurations/" + sampleKey(24).hash() + ".json");
  scratch.write("configurations/" + sampleKey(40).hash() + ".json", bytes);
  Lookup found = store.get(sampleKey(40));
  CHECK(found.match == Lookup::Match::Nearest);
  std::vector<std::string> warnings = store.takeWarnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].ends_with("it holds the result of another key"));
}
