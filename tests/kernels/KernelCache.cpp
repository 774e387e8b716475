// The way from a problem to a kernel, on the CPU: what is made once, what is kept, what tells two
// problems apart.

#include "kernels/KernelCache.h"

#include "autotune/ConfigurationStore.h"
#include "autotune/KeyOf.h"
#include "dsl/Parse.h"
#include "dsl/Reference.h"
#include "kernels/Assembler.h"
#include "kernels/Build.h"
#include "kernels/ProblemIdentity.h"
#include "kernels/Tuned.h"
#include "kernels/patterns/Radial.h"
#include "tests/autotune/ScratchFolder.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <latch>
#include <thread>

using namespace halftone;
using namespace halftone::test;

namespace {

constexpr AttentionShape shape{.heads = 2, .headDim = 16, .element = Element::F32};

/// A cache that counts compilations, with nothing on disk but what `folder` has.
struct Counted {
  std::atomic<int> compilations = 0;
  KernelCache cache;

  explicit Counted(const std::string &folder = {}, size_t capacity = 128)
      : cache({.location = {.userFolder = folder},
               .capacity = capacity,
               .onCompile = [this](const Target &, const Schedule &) { ++compilations; }}) {}
};

Problem radialProblem(int64_t frames, double decay) {
  Layout clip = Layout::video({.frames = frames, .height = 4, .width = 8});
  return attention(clip, shape)
      .where(patterns::radial(clip, {.decay = decay, .sink = true, .block = 16}));
}

Problem causal(int64_t tokens) {
  Layout line = Layout::sequence(tokens);
  auto [q, k] = line.tokens();
  return attention(line, shape).where(k.index() <= q.index());
}

KernelCache::MadePointer need(Result<KernelCache::MadePointer> made) {
  if (!made)
    FAIL(made.error().text());
  return *made;
}

/// Runs it with keys of 0, so that an output row is the mean of the values that are kept.
void checkMeans(const Kernel &kernel) {
  const Problem &problem = kernel.problem();
  int64_t tokens = problem.query().tokenCount(), stride = shape.heads * shape.headDim;
  std::vector<float> q(size_t(tokens * stride), 1), k(q.size()), v(q.size()), o(q.size(), NAN);
  for (size_t i = 0; i < v.size(); ++i)
    v[i] = float(i / size_t(stride));
  auto view = [&](std::vector<float> &data) {
    return packedTokenMajor(data.data(), tokens, shape.heads, shape.headDim);
  };
  REQUIRE(kernel(view(q), view(k), view(v), view(o)));
  for (int64_t row = 0; row < tokens; row += 7) {
    double sum = 0, count = 0;
    for (int64_t key = 0; key < tokens; ++key)
      if (keeps(problem.pattern(), problem.query(), problem.key(), 0, 1, row, key)) {
        sum += double(key);
        ++count;
      }
    CHECK(std::abs(o[size_t(row * stride + shape.headDim)] - sum / count) < 1e-3);
  }
}

} // namespace

TEST_CASE("a problem asked for again is the kernel that was made, however it was written") {
  Counted counted;
  KernelCache::MadePointer first = need(counted.cache.build(radialProblem(4, 0.5), Device::cpu()));
  CHECK(first->reason == "default schedule");
  checkMeans(first->kernel);
  Result<Problem> read = parseProblem(radialProblem(4, 0.5).text());
  REQUIRE(read);
  for (const Problem &same : {radialProblem(4, 0.5), *read, first->kernel.problem(),
                              radialProblem(4, 0.5).withScale(radialProblem(4, 0.5).scale())})
    CHECK(need(counted.cache.build(same, Device::cpu())) == first);
  CHECK(counted.compilations == 1);

  // The schedule that was chosen, named: the same kernel under another reason.
  Target cpu = Target::cpu();
  Problem problem = radialProblem(4, 0.5);
  KernelCache::MadePointer given =
      need(counted.cache.build(problem, defaultSchedule(problem, cpu), cpu, Device::cpu()));
  CHECK(&given->kernel.plan() == &first->kernel.plan());
  CHECK(given->reason == "given schedule");
}

TEST_CASE("other lengths, frames, decays, heads and batches are planned and not compiled") {
  Counted counted;
  for (int64_t frames : {3, 4, 9})
    for (double decay : {0.25, 0.5, 1.0})
      checkMeans(need(counted.cache.build(radialProblem(frames, decay), Device::cpu()))->kernel);
  CHECK(counted.compilations == 1);
  for (int64_t tokens : {1, 65, 300})
    checkMeans(need(counted.cache.build(causal(tokens), Device::cpu()))->kernel);
  CHECK(counted.compilations == 2);
  // Another element type is other code.
  Problem half = attention(Layout::sequence(64), {.headDim = 16, .element = Element::F16});
  need(counted.cache.build(half, Device::cpu()));
  CHECK(counted.compilations == 3);
}

TEST_CASE("sixteen threads that ask for one kernel compile it once") {
  Counted counted;
  std::latch together(16);
  std::vector<KernelCache::MadePointer> made(16);
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < made.size(); ++i)
      threads.emplace_back([&, i] {
        together.arrive_and_wait();
        // Half of them want another length of the same code.
        if (auto one = counted.cache.build(causal(i % 2 ? 100 : 101), Device::cpu()))
          made[i] = *one;
      });
  }
  CHECK(counted.compilations == 1);
  for (size_t i = 0; i < made.size(); ++i) {
    REQUIRE(made[i]);
    CHECK(made[i] == made[i % 2]);
  }
  CHECK(made[0] != made[1]);
}

TEST_CASE("what fails is not kept, and reaches every thread that waited") {
  Counted counted;
  Target cpu = Target::cpu();
  Schedule impossible{.tileQ = 7};
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        auto made = counted.cache.build(causal(64), impossible, cpu, Device::cpu());
        if (!made && made.error().message.find("tileQ") != std::string::npos)
          ++failures;
      });
  }
  CHECK(failures == 8);
  int before = counted.compilations;
  CHECK_FALSE(counted.cache.build(causal(64), impossible, cpu, Device::cpu()));
  CHECK(counted.compilations == before + 1);

  // A mistake in the problem: nothing is compiled, and a sound problem of the same form is.
  Layout clip = Layout::video({.frames = 2, .height = 2, .width = 2});
  auto [q, k] = clip.tokens();
  Problem wrong = attention(clip, shape).where(q.frame() <= k.place());
  for (int i = 0; i < 2; ++i) {
    auto refused = counted.cache.build(wrong, Device::cpu());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Misuse);
    CHECK(refused.error().message.find("frames") != std::string::npos);
  }
  CHECK_FALSE(counted.cache.tuned(wrong, Device::cpu()));
  CHECK(counted.compilations == before + 1);
}

TEST_CASE("the kernels not used for longest are forgotten, their code stays") {
  Counted counted({}, 4); // two places each
  KernelCache::MadePointer first = need(counted.cache.build(causal(10), Device::cpu()));
  KernelCache::MadePointer second = need(counted.cache.build(causal(11), Device::cpu()));
  CHECK(need(counted.cache.build(causal(10), Device::cpu())) == first);
  need(counted.cache.build(causal(12), Device::cpu()));
  CHECK(need(counted.cache.build(causal(10), Device::cpu())) == first);
  CHECK(need(counted.cache.build(causal(11), Device::cpu())) != second);
  CHECK(counted.compilations == 1);
  checkMeans(second->kernel); // what was given out still works

  counted.cache.clear();
  CHECK(need(counted.cache.build(causal(10), Device::cpu())) != first);
  CHECK(counted.compilations == 2);
}

TEST_CASE("every part of a problem tells it from others") {
  const char *base =
      "attention query=video(frames=2, height=3, width=4, text=1) "
      "key=video(frames=2, height=3, width=4, text=1) batch=2 heads=4 kv_heads=2 "
      "head_dim=16 element=f32 lse=0 scale=0.5 softcap=3 "
      "bias=(abs(q.index - k.index); 0.5 0.25 0.5 0.25) where q.frame >= k.frame + 1";
  std::pair<const char *, const char *> changes[] = {
      {"query=video(frames=2", "query=video(frames=3"},
      {"key=video(frames=2, height=3, width=4", "key=video(frames=2, height=4, width=3"},
      {"batch=2", "batch=1"},
      {"heads=4 ", "heads=2 "},
      {"kv_heads=2", "kv_heads=4"},
      {"head_dim=16", "head_dim=24"},
      {"element=f32", "element=f16"},
      {"lse=0", "lse=1"},
      {"scale=0.5", "scale=0.25"},
      {"softcap=3", "softcap=4"},
      {"softcap=3 ", ""},
      {"bias=(abs(q.index - k.index); 0.5", "bias=(abs(q.index - k.index); 0.75"},
      {"abs(q.index - k.index)", "abs(k.index - q.index)"},
      {"q.frame >= k.frame", "k.frame >= q.frame"},
      {"q.frame >=", "q.frame >"},
      {"k.frame + 1", "k.frame + 2"},
      {"q.frame >= k.frame + 1", "rounded(q.frame >= k.frame, any, 4)"},
      {"q.frame >= k.frame + 1", "rounded(q.frame >= k.frame, all, 4)"},
      {"q.frame >= k.frame + 1", "rounded(q.frame >= k.frame, any, 8)"},
      {"q.frame >= k.frame + 1", "radialBlocks(decay=0.5, block=4, sink=1)"},
      {"q.frame >= k.frame + 1", "radialBlocks(decay=0.5, block=4, sink=0)"},
      {"q.frame >= k.frame + 1", "radialBlocks(decay=0.25, block=4, sink=1)"},
  };
  std::vector<Problem> problems;
  auto add = [&](const std::string &text) {
    Result<Problem> read = parseProblem(text);
    REQUIRE_MESSAGE(read, text);
    problems.push_back(*read);
  };
  add(base);
  for (auto [from, to] : changes) {
    std::string text = base;
    size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    add(text.replace(at, std::string(from).size(), to));
  }
  for (size_t i = 0; i < problems.size(); ++i)
    for (size_t j = 0; j < problems.size(); ++j) {
      Result<Problem> again = parseProblem(problems[j].text());
      REQUIRE(again);
      CHECK(sameProblem(problems[i], *again) == (i == j));
      CHECK((hashOf(problems[i]) == hashOf(*again)) == (i == j));
    }
  Layout packed = Layout::packed({3, 4}), other = Layout::packed({4, 3});
  CHECK_FALSE(sameProblem(attention(packed, shape), attention(other, shape)));
  Problem named = radialProblem(2, 1).where(radialProblem(2, 1).pattern().named("mine"));
  CHECK(sameProblem(named, radialProblem(2, 1)));
  CHECK(hashOf(named) == hashOf(radialProblem(2, 1)));
}

TEST_CASE("a pattern at the address of one that is gone is another") {
  // Freed nodes are handed out again at once: the same address holds one decay after the other.
  std::vector<size_t> hashes;
  Problem kept = radialProblem(4, 0.5);
  for (double decay : {0.5, 0.25, 0.125, 0.5, 0.25, 0.125}) {
    Problem passing = radialProblem(4, decay);
    hashes.push_back(hashOf(passing));
    CHECK(hashOf(passing) == hashes.back());
    for (int i = 0; i < 2; ++i)
      CHECK(sameProblem(passing, kept) == (decay == 0.5));
  }
  for (size_t i = 0; i < hashes.size(); ++i)
    CHECK((hashes[i] == hashes[0]) == (i % 3 == 0));
}

TEST_CASE("the tuned schedule is used, the nearest, or the default, and which is said") {
  ScratchFolder scratch;
  std::string folder = scratch.path("cache");
  Problem problem = causal(200);
  auto ask = [&](const Problem &asked) {
    Counted counted(folder);
    KernelCache::MadePointer made = need(counted.cache.tuned(asked, Device::cpu()));
    CHECK(counted.cache.takeWarnings().empty());
    checkMeans(made->kernel);
    return made;
  };
  Schedule standard = defaultSchedule(problem, Target::cpu());
  KernelCache::MadePointer untuned = ask(problem);
  CHECK(untuned->reason == "default schedule: not tuned: nothing is stored");
  CHECK(untuned->kernel.image().schedule == standard);

  Result<Assembler> none = Assembler::of(Target::cpu(), nullptr, {});
  REQUIRE(none);
  Configuration best;
  best.key = keyOf(problem, "cpu", Hardware::of(Device::cpu()),
                   Toolchain::ofThisBuild(none->versionOn(Device::cpu())), "l2=cold");
  best.best.schedule = standard;
  best.best.schedule.tileK = standard.tileK / 2;
  best.best.medianMilliseconds = 1;
  best.timings = 10;
  best.when = "2026-11-24T18:45:00Z";
  ConfigurationStore store({.userFolder = folder});
  REQUIRE(store.put(best));
  KernelCache::MadePointer cold = ask(problem);
  CHECK(cold->reason == "tuned (user, 2026-11-24T18:45:00Z)");
  CHECK(cold->kernel.image().schedule == best.best.schedule);
  // A result for warm launches comes first.
  best.key.policy = "l2=warm";
  best.best.schedule.tileQ = standard.tileQ / 2;
  REQUIRE(store.put(best));
  CHECK(ask(problem)->kernel.image().schedule == best.best.schedule);

  KernelCache::MadePointer nearest = ask(causal(2000));
  CHECK(nearest->reason.starts_with("nearest (user, 2026-11-24T18:45:00Z): queryShape is "));
  CHECK(nearest->kernel.image().schedule == best.best.schedule);

  best.best.schedule.tileQ = 7;
  REQUIRE(store.put(best));
  KernelCache::MadePointer unfit = ask(problem);
  CHECK(unfit->reason.starts_with("default schedule: tuned (user, 2026-11-24T18:45:00Z); its "
                                  "schedule does not fit: "));
  CHECK(unfit->kernel.image().schedule == standard);
}

TEST_CASE("a target and a device must go together") {
  Counted counted;
  auto made = counted.cache.build(causal(64), {}, *Target::parse("sm_80"), Device::cpu());
  REQUIRE_FALSE(made);
  CHECK(made.error().text() == "code for sm_80 does not run on the device cpu; use the target of "
                               "the device (targetOf)");
}

TEST_CASE("build and tuned are the cache of the process") {
  Result<Kernel> built = build(causal(77), Device::cpu());
  REQUIRE(built);
  std::string reason;
  Result<Kernel> best = tuned(causal(77), Device::cpu(), &reason);
  REQUIRE(best);
  CHECK_FALSE(reason.empty());
  checkMeans(*best);
  CHECK(&build(causal(77), Device::cpu())->plan() == &built->plan());
  KernelCache::ofThisProcess().clear();
  CHECK(&build(causal(77), Device::cpu())->plan() != &built->plan());
}
