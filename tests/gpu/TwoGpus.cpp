// What needs two GPUs of one host.

#include "codegen/Compile.h"
#include "kernels/Build.h"
#include "runtime/LoadedImage.h"
#include "runtime/Stream.h"
#include "tests/autotune/TuneFolder.h"
#include "tests/gpu/Attention.h"

#include <algorithm>
#include <barrier>
#include <future>

using namespace halftone;
using namespace halftone::test;

namespace {

Problem nearTokens(int64_t tokens, AttentionShape shape) {
  Layout line = Layout::sequence(tokens);
  auto [q, k] = line.tokens();
  return attention(line, shape).where(abs(q.index() - k.index()) <= 300);
}

struct Repeats {
  test::Outcome first;
  int equal = 0; ///< launches with the same bits as the first
};

Repeats launchRepeatedly(const Attention &attention, const Kernel &kernel, const Device &gpu,
                         std::barrier<> &together, int launches) {
  // Whoever ends early lets the other go on.
  struct Leave {
    std::barrier<> &together;
    ~Leave() { together.arrive_and_drop(); }
  } leave{together};
  GpuAttention onGpu(attention, gpu);
  Stream stream = need(Stream::create(gpu));
  Repeats repeats;
  for (int i = 0; i < launches; ++i) {
    onGpu.upload();
    together.arrive_and_wait();
    Status launched = onGpu.launch(kernel, stream.handle());
    Status done = stream.synchronize();
    if (!launched || !done)
      continue;
    test::Outcome outcome = onGpu.download();
    if (i == 0)
      repeats.first = outcome;
    repeats.equal += outcome == repeats.first;
  }
  return repeats;
}

TuneReport tuned(const Problem &problem, const Target &target, const TuneOptions &options) {
  StopSignal stop;
  return need(tune(problem, target, options, stop));
}

double timeOf(const TuneReport &report, const Schedule &schedule) {
  for (const Standing &standing : report.search.standings)
    if (standing.candidate.schedule == schedule && standing.raced)
      return standing.milliseconds;
  return 0;
}

} // namespace

TEST_CASE(
    "one image runs on two GPUs from two threads at once, equal to the bit, loaded once each") {
  auto gpus = twoGpusOrSkip();
  if (!gpus)
    return;
  Problem problem = nearTokens(4096, {.heads = 8, .headDim = 128, .lse = true});
  Target target = need(targetOf((*gpus)[0]));
  Compiled compiled = need(compile(problem, defaultSchedule(problem, target), target));

  // Four threads ask at once, two for each GPU.
  std::vector<std::future<std::shared_ptr<const LoadedImage>>> loading;
  for (size_t i = 0; i < 4; ++i)
    loading.push_back(std::async(std::launch::async, [&, i] {
      return need(LoadedImage::load(compiled.image, (*gpus)[i / 2]));
    }));
  std::vector<std::shared_ptr<const LoadedImage>> loaded;
  for (auto &one : loading)
    loaded.push_back(one.get());
  CHECK(loaded[0] == loaded[1]);
  CHECK(loaded[2] == loaded[3]);
  CHECK(loaded[0] != loaded[2]);
  CHECK(loaded[0]->device().ordinal() == 0);
  CHECK(loaded[2]->device().ordinal() == 1);

  Attention attention(problem, MemoryOrder::TokenMajor, 31);
  std::vector<Kernel> kernels;
  for (const Device &gpu : *gpus)
    kernels.push_back(need(Kernel::load(compiled.image, problem, gpu)));
  const int launches = gpuTestOptions().quick ? 5 : 100;
  std::barrier together(2);
  std::vector<std::future<Repeats>> running;
  for (size_t i = 0; i < 2; ++i)
    running.push_back(std::async(std::launch::async, [&, i] {
      return launchRepeatedly(attention, kernels[i], (*gpus)[i], together, launches);
    }));
  Repeats zero = running[0].get(), one = running[1].get();
  CHECK(zero.equal == launches);
  CHECK(one.equal == launches);
  bool isSame = zero.first == one.first;
  CHECK(isSame);
  CHECK(zero.first.guardsIntact);
  CHECK(zero.first.restIntact);
  // The kernels have loaded nothing more: the code is still what the first threads got.
  for (size_t i = 0; i < 2; ++i)
    CHECK(need(LoadedImage::load(compiled.image, (*gpus)[i])) == loaded[2 * i]);
  MESSAGE(launches << " launches on each of two GPUs at once");

  // And right, at a length whose answer is known soon.
  Problem shorter = nearTokens(700, problem.shape());
  Attention solved(shorter, MemoryOrder::TokenMajor, 32);
  solved.solve();
  for (size_t i = 0; i < 2; ++i)
    checkKernel(solved, need(kernels[i].replan(shorter)), (*gpus)[i]);
}

TEST_CASE("of two GPUs one breaks: it is dropped, and the search ends on the other as it should") {
  auto gpus = twoGpusOrSkip();
  if (!gpus)
    return;
  Problem problem = nearTokens(1500, {.heads = 4, .headDim = 64, .lse = true});
  // Kernels with one parameter, so that a faulty one can take their place.
  Target target = need(Target::parse("sm_" + std::to_string((*gpus)[0].computeCapability())));
  TuneFolder folder;
  TuneOptions options;
  options.worker = {"/proc/self/exe", "--faulty-worker", folder.path()};
  options.budget = {.seconds = 0, .candidates = 40};
  options.devices = {0, 1};
  TuneReport whole = tuned(problem, target, options);
  REQUIRE(whole.search.winner);

  CHECK(whole.droppedDevices.empty());

  folder.write("breaks", "1|6\n");
  options.journal = folder.path("journal");
  TuneReport broken = tuned(problem, target, options);
  CHECK(broken.trouble);
  CHECK(std::filesystem::exists(folder.path("broken-1")));
  REQUIRE(broken.droppedDevices.size() == 1);
  CHECK(broken.droppedDevices.front().first == 1);
  MESSAGE("device 1 is dropped: " << broken.droppedDevices.front().second);
  CHECK(broken.droppedDevices.front().second.find("illegal address") != std::string::npos);
  CHECK(broken.trialsByDevice[0] > broken.trialsByDevice[1]);
  for (const Standing &standing : broken.search.standings)
    CHECK_MESSAGE(isTimed(standing.verdict), standing.reason);
  CHECK(folder.processesLeft() == std::vector<int>());
  CHECK_FALSE(std::filesystem::exists(folder.path("journal.work")));

  // The right one wins: as fast as that of the search on two whole GPUs, in turns with it.
  REQUIRE(broken.search.winner);
  const Schedule &right = whole.search.standings[*whole.search.winner].candidate.schedule,
                 &found = broken.search.standings[*broken.search.winner].candidate.schedule;
  if (!(right == found)) {
    TuneOptions race = options;
    race.devices = {0};
    race.journal.clear();
    race.raced = {right, found};
    TuneReport raced = tuned(problem, target, race);
    double rightMs = timeOf(raced, right), foundMs = timeOf(raced, found);
    MESSAGE("the winner takes " << foundMs << " ms, that of whole GPUs " << rightMs << " ms");
    CHECK(foundMs > 0);
    CHECK(foundMs <= rightMs * 1.05);
  }

  // The journal is whole: gone on with, it gives the same and needs no measurement.
  options.resume = true;
  size_t before = folder.lines("log").size();
  TuneReport again = tuned(problem, target, options);
  REQUIRE(again.search.winner);
  CHECK(again.search.standings[*again.search.winner].candidate.schedule == found);
  CHECK(folder.lines("log").size() == before);
}
