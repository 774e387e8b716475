// What comes with Halftone in kernels/tuned, and what other builds and other GPUs make of it.

#include "autotune/ConfigurationFile.h"
#include "autotune/KeyOf.h"
#include "autotune/ReadOnlyConfigurations.h"
#include "dsl/Parse.h"
#include "kernels/Presets.h"
#include "kernels/TunedSchedule.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace halftone;

namespace {

const Hardware h200{"sm_90", 132, 232448, 60 << 20};

Problem radial(std::string_view name) {
  Result<Preset> model = preset(name);
  REQUIRE(model);
  return attention(model->layout, model->shape)
      .where(*parsePattern("radialBlocks(decay=0.2, block=128, sink=1)"));
}

/// As a search on an H200 keeps it.
Configuration foundOnH200(const Problem &problem) {
  Configuration found;
  found.key = keyOf(problem, "sm_90a", h200, Toolchain::ofThisBuild("13.0.88"), "l2=warm");
  found.problem = problem.text();
  found.best.schedule =
      *Schedule::parse("tileQ=128 tileK=128 stages=2 gather=64 overlap=1 order=longestFirst");
  found.best.medianMilliseconds = 30;
  found.defaultScheduleMilliseconds = 33;
  found.device = "NVIDIA H200";
  found.driver = "13.0";
  found.timings = 30;
  found.when = "2026-11-24T18:45:00Z";
  return found;
}

/// Why nobody should be given this; empty: it is as a search of this version keeps it.
std::string trouble(const Configuration &one) {
  Result<Problem> problem = parseProblem(one.problem);
  if (!problem)
    return problem.error().text();
  Result<Target> target = Target::parse(one.key.target);
  if (!target)
    return target.error().text();
  Hardware hardware{one.key.architecture, one.key.multiprocessors, one.key.sharedBytes,
                    one.key.l2Bytes};
  Key right = keyOf(*problem, one.key.target, hardware,
                    {one.key.codegen, one.key.llvm, one.key.ptxas}, one.key.policy);
  if (auto other = differences(right, one.key); !other.empty())
    return "the key is not the problem's: " + other.front().text();
  if (Status status = checkSchedule(*problem, one.best.schedule, *target); !status)
    return status.error().text();
  if (one.device.empty() || one.timings < 10)
    return "it does not say where, or how often, it was measured";
  if (!one.defaultScheduleMilliseconds)
    return "it was not raced against the default";
  if (one.best.medianMilliseconds > *one.defaultScheduleMilliseconds * 1.02)
    return "it is slower than the default";
  return {};
}

/// A store whose shipped folder has these.
struct Shipped {
  explicit Shipped(const std::vector<Configuration> &configurations) {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "h200.json") << *writeConfigurations(configurations);
    CacheLocation location;
    location.shippedFolder = folder.string();
    store.emplace(location);
  }
  ~Shipped() { std::filesystem::remove_all(folder); }

  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("halftone-shipped-" + std::to_string(::getpid()));
  std::optional<ConfigurationStore> store;
};

} // namespace

TEST_CASE("what comes with Halftone is what a search of its problem found") {
  Warnings warnings;
  auto all = ReadOnlyConfigurations::ofFolder(HALFTONE_SOURCE_DIR "/kernels/tuned", warnings);
  for (const std::string &warning : warnings.take())
    FAIL_CHECK(warning);
  for (const auto &[hash, stored] : all.all()) {
    INFO(stored.path << ": " << stored.configuration.problem);
    CHECK(trouble(stored.configuration) == "");
  }
}

TEST_CASE("what should not be shipped is told") {
  Configuration good = foundOnH200(radial("wan2.1-14b:1280x720x81"));
  CHECK(trouble(good) == "");
  Configuration other = good;
  other.key.heads = 12;
  CHECK(trouble(other) == "the key is not the problem's: heads is 40 here and 12 there");
  other = good;
  other.best.schedule.tileQ = 100;
  CHECK(trouble(other).starts_with("tileQ=100 is not a multiple of 64"));
  other = good;
  other.best.medianMilliseconds = 34;
  CHECK(trouble(other) == "it is slower than the default");
  other = good;
  other.timings = 3;
  CHECK(trouble(other) == "it does not say where, or how often, it was measured");
}

TEST_CASE("another build and another GPU of the kind use what was found on an H200, and say so") {
  Problem problem = radial("wan2.1-14b:1280x720x81");
  Configuration found = foundOnH200(problem);
  Shipped shipped({found});
  auto lookUp = [&](auto change) {
    Key key = found.key;
    change(key);
    return shipped.store->get(key);
  };
  Lookup hit = lookUp([](Key &) {});
  CHECK(hit.text() == "tuned (shipped, 2026-11-24T18:45:00Z)");
  const std::string nearest = "nearest (shipped, 2026-11-24T18:45:00Z): ";
  CHECK(lookUp([](Key &key) { key.ptxas = "12.9.86"; }).text() ==
        nearest + "ptxas is 12.9.86 here and 13.0.88 there");
  // No ptxas: the driver compiles. An LLVM and a version of Halftone that are newer.
  CHECK(lookUp([](Key &key) {
          key.ptxas = "driver 13000";
          key.llvm = "23.1.0";
          key.codegen = "0.2.0.1";
        }).match == Lookup::Match::Nearest);
  CHECK(lookUp([](Key &key) { key.l2Bytes = 50 << 20; }).text() ==
        nearest + "l2Bytes is 52428800 here and 62914560 there"); // an H100
  CHECK(lookUp([](Key &key) { key.lse = true; }).match == Lookup::Match::Nearest);
  for (const char *architecture : {"sm_80", "sm_100"})
    CHECK(lookUp([&](Key &key) { key.architecture = architecture; }).match == Lookup::Match::Miss);

  // The length of another video, compiled where there is no GPU.
  TunedSchedule longer = TunedSchedule::onAnyDevice(
      radial("wan2.1-14b:1280x720x161"), *Target::parse("sm_90a"), "13.0.88", *shipped.store);
  CHECK(longer.schedule == found.best.schedule);
  CHECK(longer.reason.starts_with("tuned on NVIDIA H200 (shipped); nearest: queryShape is "));
}
