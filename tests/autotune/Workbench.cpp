// What a kernel must pass before its time counts, shown by kernels that do not, on the real CPU.

#include "autotune/Workbench.h"

#include "autotune/KernelTimer.h"
#include "codegen/Compile.h"
#include "dsl/Elements.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

using namespace halftone;

namespace {

/// What a test's own kernel does after the real one has run.
enum class Mischief : uint8_t {
  None,
  WritesBefore,
  WritesAfter,
  ReadsUnattended,
  LeavesGap,
  WrongLse,
  OneElementOff,
};
Mischief mischief = Mischief::None;
CpuEntry realEntry = nullptr;

void mischievousEntry(const KernelArguments *arguments, int64_t begin, int64_t end, void *scratch) {
  realEntry(arguments, begin, end, scratch);
  auto *o = static_cast<float *>(arguments->o.data);
  const auto *k = static_cast<const float *>(arguments->k.data);
  int64_t elements = int64_t(arguments->queryLength) * arguments->o.tokenStride;
  for (int64_t at = begin; at < end; ++at) {
    const WorkItem &item = arguments->work[at];
    float *row = o + item.query * arguments->o.tokenStride + item.head * arguments->o.headStride;
    switch (mischief) {
    case Mischief::None:
      break;
    case Mischief::WritesBefore:
      o[-1000] = 1;
      break;
    case Mischief::WritesAfter:
      o[elements + 5] = 1;
      break;
    case Mischief::ReadsUnattended: // weighs every key's value with 0, as a careless kernel does
      for (int64_t key = 0; key < arguments->keyLength; ++key)
        for (int64_t query = 0; query < std::min<int64_t>(16, arguments->queryLength - item.query);
             ++query)
          row[query * arguments->o.tokenStride] +=
              0 * k[key * arguments->k.tokenStride + item.head * arguments->k.headStride];
      break;
    case Mischief::LeavesGap:
      if (item.query == 0)
        row[3] = std::numeric_limits<float>::quiet_NaN();
      break;
    case Mischief::WrongLse:
      arguments->lse[item.head * arguments->lseHeadStride + item.query] += 0.01F;
      break;
    case Mischief::OneElementOff:
      row[7] += 0.01F;
      break;
    }
  }
}

Problem windowed(double scale = 0.125) {
  Layout line = Layout::sequence(1500);
  auto [q, k] = line.tokens();
  return attention(line, {.heads = 3, .headDim = 64, .element = Element::F32, .lse = true})
      .where(abs(q.index() - k.index()) <= 60)
      .withScale(scale);
}

Kernel compiled(const Problem &problem) {
  Target target = Target::cpu();
  Schedule schedule = *Schedule::parse("tileQ=16 tileK=32");
  Result<Compiled> code = compile(problem, schedule, target);
  REQUIRE(code);
  realEntry = code->cpuEntry;
  Result<Kernel> kernel =
      Kernel::onCpu(code->image, problem, mischievousEntry, code->keepAlive, /*threads=*/1);
  REQUIRE(kernel);
  return *kernel;
}

/// The finding's text; empty where the kernel is right.
std::string found(Workbench &bench, const Kernel &kernel, Workbench::Finding::Kind kind,
                  bool thorough = false) {
  Result<std::optional<Workbench::Finding>> finding = bench.verify(kernel, thorough);
  REQUIRE(finding);
  if (!*finding)
    return {};
  CHECK((*finding)->kind == kind);
  return (*finding)->text;
}

using Kind = Workbench::Finding::Kind;

} // namespace

TEST_CASE("a kernel that is right passes, one that is not is found out") {
  Problem problem = windowed();
  Result<Workbench> bench = Workbench::make(problem, Device::cpu(), 7);
  REQUIRE(bench);
  Kernel kernel = compiled(problem);
  for (bool thorough : {false, true}) {
    mischief = Mischief::None;
    CHECK(found(*bench, kernel, Kind::WrongResult, thorough) == "");
    mischief = Mischief::WritesBefore;
    CHECK(found(*bench, kernel, Kind::Overwrites, thorough) == "bytes around o were written");
    mischief = Mischief::None; // the guards are whole again
    CHECK(found(*bench, kernel, Kind::WrongResult, thorough) == "");
    mischief = Mischief::WritesAfter;
    CHECK(found(*bench, kernel, Kind::Overwrites, thorough) == "bytes around o were written");
    mischief = Mischief::ReadsUnattended;
    CHECK(found(*bench, kernel, Kind::ReadsUnattended, thorough)
              .starts_with("with NaN in keys that are not attended to, batch 0, head "));
    mischief = Mischief::LeavesGap;
    CHECK(found(*bench, kernel, Kind::WrongResult, thorough)
              .starts_with("batch 0, head 0, query 0: the output is off by nan (limit "));
    mischief = Mischief::WrongLse;
    CHECK(found(*bench, kernel, Kind::WrongResult, thorough)
              .starts_with("batch 0, head 0, query 0: the log-sum-exp is "));
    mischief = Mischief::OneElementOff;
    CHECK(found(*bench, kernel, Kind::WrongResult, thorough)
              .starts_with("batch 0, head 0, query 0: the output is off by 0.01 (limit "));
  }
  mischief = Mischief::None;
}

TEST_CASE("another scale, and another pattern, are wrong results") {
  Result<Workbench> bench = Workbench::make(windowed(), Device::cpu(), 1);
  REQUIRE(bench);
  CHECK(found(*bench, compiled(windowed(0.15)), Kind::WrongResult) != "");
  Layout line = Layout::sequence(1500);
  auto [q, k] = line.tokens();
  // One key more for each query.
  CHECK(found(*bench, compiled(windowed().where(abs(q.index() - k.index()) <= 61)),
              Kind::WrongResult) != "");
}

TEST_CASE("problems of all kinds pass: ragged, several batches, grouped heads, rows without keys") {
  Layout clip = Layout::video({.frames = 3, .height = 7, .width = 9, .text = 5});
  auto [q, k] = clip.tokens();
  int passed = 0;
  for (const Pattern &pattern :
       {Pattern::dense(), Pattern(q.frame() == k.frame()),
        Pattern(k.index() < 50 & q.index() >= 30), Pattern(head() == 1 & batch() == 0)})
    for (bool lse : {false, true}) {
      Problem problem = attention(clip, {.batch = 2,
                                         .heads = 4,
                                         .kvHeads = 2,
                                         .headDim = 32,
                                         .element = Element::F32,
                                         .lse = lse})
                            .where(pattern);
      INFO(problem.text());
      Result<Workbench> bench = Workbench::make(problem, Device::cpu(), 3);
      REQUIRE(bench);
      CHECK(found(*bench, compiled(problem), Kind::WrongResult, true) == "");
      ++passed;
    }
  CHECK(passed == 8);
}

TEST_CASE("large scores are not taken for mistakes") {
  Problem problem = windowed(8);
  Result<Workbench> bench = Workbench::make(problem, Device::cpu(), 11);
  REQUIRE(bench);
  CHECK(found(*bench, compiled(problem), Kind::WrongResult, true) == "");
  // And those that are off by a hundredth are found still.
  CHECK(found(*bench, compiled(windowed(8.08)), Kind::WrongResult) != "");
}

TEST_CASE("times are positive, as many as asked for, and given up where clearly slower") {
  Problem problem = windowed();
  Result<Workbench> bench = Workbench::make(problem, Device::cpu(), 1);
  REQUIRE(bench);
  Kernel kernel = compiled(problem);
  for (size_t flush : {size_t{0}, size_t{1} << 22}) {
    Result<KernelTimer> timer = KernelTimer::make(Device::cpu(), flush);
    REQUIRE(timer);
    Result<KernelTimer::Times> times = timer->time(*bench, kernel, 12, 0, false);
    REQUIRE(times);
    CHECK(times->milliseconds.size() == 12);
    CHECK_FALSE(times->gaveUp);
    for (double time : times->milliseconds)
      CHECK(time > 0);
    times = timer->time(*bench, kernel, 12, 1e-6, false);
    REQUIRE(times);
    // Three, or one that took as long as a warm-up: a busy machine may stop a launch for that long.
    size_t timed = times->milliseconds.size();
    CHECK((timed == 3 || (timed == 1 && times->milliseconds[0] >= 10)));
    CHECK(times->gaveUp);
  }
}
