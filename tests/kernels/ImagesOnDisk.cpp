// The way from a problem to a kernel on a GPU, on a driver that runs nothing and with an assembler
// that writes down each of its starts: what is compiled, what comes from the disk, what the driver
// sees.

#include "kernels/KernelCache.h"

#include "tests/autotune/ScratchFolder.h"
#include "tests/runtime/FakeDevice.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include <sys/stat.h>

using namespace halftone;
using namespace halftone::test;

namespace {

/// Stands for ptxas: says a version, or writes some bytes where -o says.
constexpr const char *assemblerScript = R"(#!/bin/sh
if [ "$1" = --version ]; then
  echo asked >> "$(dirname "$0")/asked"
  echo 'Cuda compilation tools, release 13.0, V13.0.88'
  exit 0
fi
echo assembled >> "$(dirname "$0")/assembled"
while [ "$1" != -o ]; do shift; done
echo machine code > "$2"
)";

struct Workshop {
  ScratchFolder scratch;

  Workshop() {
    scratch.write("ptxas", assemblerScript);
    ::chmod(scratch.path("ptxas").c_str(), 0700);
  }
  std::string folder() const { return scratch.path("cache"); }
  int64_t linesOf(const char *name) const {
    std::string text = scratch.read(name);
    return std::count(text.begin(), text.end(), '\n');
  }
  /// The one image on disk.
  std::string image() const {
    std::string found;
    for (const std::string &name : scratch.files())
      if (name.ends_with(".image"))
        found = name;
    return found;
  }
};

/// A cache with nothing in memory, as another process has it.
struct Fresh {
  int compilations = 0;
  KernelCache cache;
  explicit Fresh(const Workshop &workshop, const char *ptxas = nullptr)
      : cache({.location = {.userFolder = workshop.folder()},
               .ptxas = ptxas ? ptxas : workshop.scratch.path("ptxas"),
               .onCompile = [this](const Target &, const Schedule &) { ++compilations; }}) {}

  KernelCache::MadePointer build(const Problem &problem) {
    auto made = cache.build(problem, gpu());
    if (!made)
      FAIL(made.error().text());
    return *made;
  }
};

} // namespace

TEST_CASE("code for a GPU is compiled once and then comes from the disk") {
  Workshop workshop;
  Device device = gpu();
  driver();
  KernelCache::MadePointer first;
  {
    Fresh fresh(workshop);
    first = fresh.build(causal(300));
    CHECK(fresh.compilations == 1);
    CHECK(first->kernel.image().kind == Image::Kind::Cubin);
    fresh.build(causal(301));
    CHECK(fresh.compilations == 1);
  }
  Fresh fresh(workshop);
  KernelCache::MadePointer again = fresh.build(causal(1000));
  CHECK(fresh.compilations == 0);
  CHECK(again->kernel.image().bytes == first->kernel.image().bytes);
  CHECK(workshop.linesOf("assembled") == 1);
  CHECK(workshop.linesOf("asked") == 1);
  CHECK(fresh.cache.takeWarnings().empty());

  // Left to the driver it is other code, under another name.
  Fresh driverAssembles(workshop, "none");
  CHECK(driverAssembles.build(causal(300))->kernel.image().kind == Image::Kind::Ptx);
  CHECK(driverAssembles.compilations == 1);
  Fresh driverAgain(workshop, "none");
  driverAgain.build(causal(300));
  CHECK(driverAgain.compilations == 0);
}

TEST_CASE("a damaged image is compiled again, with one warning, and replaced") {
  Workshop workshop;
  driver();
  Fresh(workshop).build(causal(300));
  std::string name = workshop.image();
  std::string bytes = workshop.scratch.read(name);
  bytes[bytes.size() / 2] ^= 1;
  workshop.scratch.write(name, bytes);
  ::chmod(workshop.scratch.path(name).c_str(), 0600);
  {
    Fresh fresh(workshop);
    fresh.build(causal(300));
    CHECK(fresh.compilations == 1);
    CHECK(fresh.cache.takeWarnings() ==
          std::vector<std::string>{"`" + workshop.scratch.path(name) +
                                   "` is not used: it is not as it was written"});
  }
  Fresh fresh(workshop);
  fresh.build(causal(300));
  CHECK(fresh.compilations == 0);
}

TEST_CASE("a kernel that is kept is had without file, driver or assembler") {
  Workshop workshop;
  Fresh fresh(workshop);
  KernelCache::MadePointer first = fresh.build(causal(300));
  Device device = gpu();
  FakeDriverState &state = driver();
  // Another length uploads a plan and loads nothing.
  int loads = state.moduleLoads;
  CHECK(fresh.build(causal(400)) != first);
  CHECK(state.moduleLoads == loads);

  std::filesystem::remove_all(workshop.scratch.path());
  int calls = state.calls;
  for (int i = 0; i < 3; ++i) {
    auto made = fresh.cache.build(causal(300), device);
    REQUIRE(made);
    CHECK(*made == first);
  }
  CHECK(state.calls == calls);
}

TEST_CASE("where nothing can be kept on disk a kernel is made, with one warning") {
  Workshop workshop;
  driver();
  workshop.scratch.write("cache", "not a folder");
  Fresh fresh(workshop);
  fresh.build(causal(300));
  Problem other = attention(Layout::sequence(300), {.headDim = 128});
  fresh.build(other);
  CHECK(fresh.compilations == 2);
  std::vector<std::string> warnings = fresh.cache.takeWarnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find(workshop.folder()) != std::string::npos);
  CHECK(fresh.cache.takeWarnings().empty());
}

TEST_CASE("code without a mask is not taken for a pattern that needs one") {
  Workshop workshop;
  Fresh fresh(workshop);
  Layout clip = Layout::frames(8, 256);
  auto of = [&](int64_t block) {
    return attention(clip, {.heads = 2, .headDim = 64}).where(radialBlocks(0.5, block, true));
  };
  Target hopper = *Target::parse("sm_90a");
  Schedule schedule = defaultSchedule(of(128), hopper);
  REQUIRE(schedule.tileQ == 128);
  auto image = [&](int64_t block) {
    auto made = fresh.cache.image(of(block), schedule, hopper);
    if (!made)
      FAIL(made.error().text());
    return *made;
  };
  CHECK(image(256)->planFormat == Image::wholeTilesFormat);
  CHECK(image(64)->planFormat == Image::chunksFormat);
  CHECK(image(128) == image(256));
  CHECK(fresh.compilations == 2);
}

TEST_CASE("an assembler that refuses is tried again each time") {
  Workshop workshop;
  workshop.scratch.write("broken", "#!/bin/sh\nexit 1\n");
  ::chmod(workshop.scratch.path("broken").c_str(), 0700);
  Fresh fresh(workshop, workshop.scratch.path("broken").c_str());
  for (int i = 1; i <= 2; ++i) {
    auto made = fresh.cache.build(causal(300), gpu());
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::CompileFailed);
    CHECK(fresh.compilations == i);
  }
  CHECK(workshop.image().empty());
}

TEST_CASE("what is kept for a GPU goes with the cache") {
  Workshop workshop;
  Device device = gpu();
  FakeDriverState &state = driver();
  int modules = state.liveModules, allocations = state.liveAllocations;
  {
    Fresh fresh(workshop);
    fresh.build(causal(300));
    CHECK(state.liveModules == modules + 1);
    fresh.cache.clear();
    CHECK(state.liveModules == modules);
    fresh.build(causal(300));
  }
  CHECK(state.liveModules == modules);
  CHECK(state.liveAllocations == allocations);
}
