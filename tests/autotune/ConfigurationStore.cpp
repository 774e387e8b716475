#include "autotune/ConfigurationStore.h"

#include "tests/autotune/SampleConfiguration.h"
#include "tests/autotune/ScratchFolder.h"

#include <doctest/doctest.h>

using namespace halftone;
using namespace halftone::test;

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
    REQUIRE(found.configuration);
    CHECK(found.configuration->best.schedule == sampleConfiguration().best.schedule);
    CHECK(found.text() == "tuned (user, 2026-11-24T18:45:00Z)");
  }
  CHECK(store.takeWarnings().empty());
}
