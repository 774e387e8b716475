// The launch that evaluates a plan's masks, against the fake driver.

#include "FakeDevice.h"

#include <cstring>

using namespace halftone;
using namespace halftone::test;

namespace {

std::shared_ptr<Image> listsImage(const Problem &problem, int cluster = 1) {
  auto image = sampleImage(problem, Image::Kind::Cubin, "sm_90a");
  image->schedule.tileQ = 192;
  image->schedule.tileK = 128;
  image->schedule.gather = 16;
  image->schedule.groupLists = 1;
  image->schedule.cluster = cluster;
  image->planFormat = Image::keptPairsFormat;
  return image;
}

} // namespace

TEST_CASE("masks are evaluated once for a plan, by a launch for one head, ahead of all others") {
  Device device = gpu();
  FakeDriverState &state = driver();
  state.parameters = 8;
  Problem problem = causal(1000);
  Result<Kernel> kernel = Kernel::load(listsImage(problem), problem, device);
  REQUIRE(kernel);
  REQUIRE(state.launches.size() == 1);
  CHECK(state.liveStreams == 0);
  CHECK(state.liveAllocations == 2);
  const FakeDriverState::Launch keeping = state.launches[0];
  CHECK(keeping.grid[0] == 6);
  CHECK(keeping.arguments.keeps == 1);
  CHECK(keeping.arguments.workCount == 6);
  CHECK(keeping.arguments.kept != nullptr);
  CHECK(keeping.arguments.stages != nullptr);
  CHECK(keeping.arguments.queryLength == 1000);
  CHECK(std::all_of(keeping.arguments.work, keeping.arguments.work + 6,
                    [](const WorkItem &item) { return item.partial > 0; }));
  // The diagonal of every 64 queries, at least; two words of each of 128 threads.
  size_t pages = size_t(kernel->plan().maskPages);
  CHECK(pages >= 16);
  CHECK(kernel->workspaceBytes() >= kernel->plan().bytes() + pages * 128 * 2 * 4);

  for (int launch : {1, 2}) {
    REQUIRE((*kernel)(at(), at(128), at(128), at()));
    REQUIRE(state.launches.size() == size_t(launch) + 1);
    const KernelArguments &arguments = state.launches[size_t(launch)].arguments;
    CHECK(arguments.keeps == 0);
    CHECK(arguments.kept == keeping.arguments.kept);
    CHECK(arguments.workCount == 2 * 4 * 6);
  }

  Result<Kernel> longer = kernel->replan(causal(2000));
  REQUIRE(longer);
  REQUIRE(state.launches.size() == 4);
  CHECK(state.launches[3].arguments.keeps == 1);
  CHECK(state.launches[3].arguments.kept != keeping.arguments.kept);
}

TEST_CASE("a plan without a stage to mask takes no launch") {
  Device device = gpu();
  FakeDriverState &state = driver();
  Layout line = Layout::sequence(1024);
  auto [q, k] = line.tokens();
  Problem all = attention(line, {.heads = 1, .headDim = 64}).where(k.index() <= q.index() + 2000);
  Result<Kernel> kernel = Kernel::load(listsImage(all), all, device);
  REQUIRE_MESSAGE(kernel, kernel.error().text());
  CHECK(kernel->plan().maskPages == 0);
  CHECK(state.launches.empty());
}

TEST_CASE("a launch for masks that fails is said, and leaves nothing behind") {
  Device device = gpu();
  FakeDriverState &state = driver();
  state.parameters = 8;
  Problem problem = causal(1000);
  int allocations = state.liveAllocations;
  state.launchStatus = 700;
  CHECK(refusal(listsImage(problem), problem).text().find("cannot evaluate the masks of '") == 0);
  CHECK(state.liveAllocations == allocations);
  CHECK(state.liveStreams == 0);
  state.launchStatus = cuda::success;
}
