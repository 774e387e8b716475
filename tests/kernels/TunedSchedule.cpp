#include "kernels/TunedSchedule.h"

#include "autotune/KeyOf.h"

#include <doctest/doctest.h>

#include <filesystem>

#include <unistd.h>

using namespace halftone;

namespace {

Problem causal(int64_t tokens, int64_t heads) {
  Layout line = Layout::sequence(tokens);
  auto [q, k] = line.tokens();
  return attention(line, {.heads = heads, .headDim = 64}).where(k.index() <= q.index());
}

/// A store of its own, with the schedule that was found best for causal(1000, 4) on a made-up H200.
struct Tuned {
  Tuned() {
    CacheLocation location;
    location.userFolder = folder.string();
    store.emplace(location);
    Configuration found;
    Hardware h200{"sm_90", 132, 232448, 60 << 20};
    found.key = keyOf(causal(1000, 4), "sm_90", h200, Toolchain::ofThisBuild("13.0.88"), "l2=warm");
    found.problem = causal(1000, 4).text();
    found.best = {best, 0.5, 0.01};
    found.device = "NVIDIA H200";
    found.driver = "13.0";
    found.timings = 10;
    found.when = "2026-11-24T18:45:00Z";
    Status put = store->put(found);
    REQUIRE_MESSAGE(put, put.error().text());
  }
  ~Tuned() { std::filesystem::remove_all(folder); }

  std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                 ("halftone-stored-schedule-" + std::to_string(::getpid()));
  std::optional<ConfigurationStore> store;
  Target target = *Target::parse("sm_90");
  Schedule best = [this] {
    Schedule schedule = defaultSchedule(causal(1000, 4), target);
    schedule.tileQ = 64;
    return schedule;
  }();
};

} // namespace

TEST_CASE("code for a GPU that is not here takes the schedule that was tuned on one like it") {
  Tuned tuned;
  TunedSchedule same =
      TunedSchedule::onAnyDevice(causal(1000, 4), tuned.target, "13.0.88", *tuned.store);
  CHECK(same.schedule.text() == tuned.best.text());
  CHECK(same.reason == "tuned on NVIDIA H200 (user)");

  TunedSchedule near =
      TunedSchedule::onAnyDevice(causal(1000, 8), tuned.target, "13.0.88", *tuned.store);
  CHECK(near.schedule.text() == tuned.best.text());
  CHECK(near.reason == "tuned on NVIDIA H200 (user); nearest: heads is 8 here and 4 there");
}

TEST_CASE("code that nothing was tuned for takes the default schedule") {
  Tuned tuned;
  Target other = *Target::parse("sm_90a");
  TunedSchedule target =
      TunedSchedule::onAnyDevice(causal(1000, 4), other, "13.0.88", *tuned.store);
  CHECK(target.schedule.text() == defaultSchedule(causal(1000, 4), other).text());
  CHECK(target.reason == "default schedule: not tuned");

  Layout line = Layout::sequence(1000);
  Problem dense = attention(line, {.heads = 4, .headDim = 64});
  TunedSchedule pattern = TunedSchedule::onAnyDevice(dense, tuned.target, "13.0.88", *tuned.store);
  CHECK(pattern.reason == "default schedule: not tuned");
}
