// What ptxas makes of the kernels of the default schedules: no error, no warning, and registers
// spilled only where that was measured to be faster than a schedule without.
#include "codegen/Compile.h"
#include "codegen/HopSchedule.h"
#include "codegen/Ptxas.h"
#include "kernels/patterns/Causal.h"
#include "kernels/patterns/Radial.h"
#include "kernels/patterns/TileWindow.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <thread>

using namespace halftone;

namespace {

constexpr std::array<int64_t, 5> headDims{64, 96, 128, 192, 256};

/// The classes of masks that make different code.
enum class Mask : uint8_t { Dense, RadialExact, RadialReference, CausalSoftcapBias, TileWindow };
constexpr std::array masks{Mask::Dense, Mask::RadialExact, Mask::RadialReference,
                           Mask::CausalSoftcapBias, Mask::TileWindow};
constexpr const char *maskNames[] = {"dense", "radial exact", "radial reference",
                                     "causal, softcap, bias", "tile window"};

/// Bytes that may be spilled, stores and loads together, for each head dim and mask.
using Allowance = std::array<std::array<uint32_t, masks.size()>, headDims.size()>;
/// What ptxas 13.0 was seen to spill, the most over the architectures; nothing may spill more.
/// Dense, head dims 96 and 128 spill by choice: on an H100 that is faster (374 TFLOP/s at 128) than
/// the schedules that do not (302 to 309). What masks add is in the code of partial tiles.
constexpr Allowance mmaSpills{{
    {0, 152, 120, 40, 40},      // 64
    {64, 240, 564, 224, 176},   // 96
    {284, 304, 1064, 312, 552}, // 128
    {0, 60, 0, 0, 192},         // 192
    {0, 200, 224, 0, 320},      // 256
}};

struct Gate {
  std::string_view target;
  Allowance allowed{};
  /// Every head dim and mask, bf16 and fp16 in turn as on a chessboard: the two differ in the names
  /// of instructions alone, and compiling takes its time. Else every third head dim, the next
  /// targets those between, with an element and mask that no other target has there.
  bool everyMask = false;
};

/// A new target is one line, with no allowance for one that spills nothing.
constexpr Gate gates[] = {
    {"sm_80", mmaSpills, /*everyMask=*/true},
    {"sm_86", mmaSpills},
    {"sm_87", mmaSpills},
    {"sm_89", mmaSpills},
    {"sm_90", mmaSpills},
    {"sm_90a", {}, /*everyMask=*/true},
    {"sm_100", mmaSpills},
    {"sm_103", mmaSpills},
    {"sm_120", mmaSpills},
    {"sm_121", mmaSpills},
};

struct Case {
  const Gate *gate;
  size_t headDim; ///< of headDims
  Element element;
  Mask mask;

  Problem problem() const {
    Layout clip = Layout::frames(6, 256);
    Problem work = attention(
        clip, {.heads = 2, .headDim = headDims[headDim], .element = element, .lse = true});
    switch (mask) {
    case Mask::Dense:
      return work;
    case Mask::RadialExact:
      return work.where(patterns::radial(clip));
    case Mask::RadialReference:
      return work.where(patterns::radialReference());
    case Mask::TileWindow:
      return work.where(patterns::tileWindow(clip));
    case Mask::CausalSoftcapBias:
      break;
    }
    auto [q, k] = clip.tokens();
    return work.where(patterns::causal(clip))
        .withSoftcap(30)
        .withBias(abs(q.index() - k.index()), {-0.01f, -0.02f});
  }
};

std::vector<Case> casesOf(const Gate &gate) {
  constexpr std::array elements{Element::BF16, Element::F16};
  std::vector<Case> cases;
  size_t turn = size_t(&gate - gates);
  for (size_t headDim = 0; headDim < headDims.size(); ++headDim) {
    if (gate.everyMask) {
      for (size_t mask = 0; mask < masks.size(); ++mask)
        cases.push_back({&gate, headDim, elements[(turn + headDim + mask) % 2], masks[mask]});
    } else if ((turn + headDim) % 3 == 0) {
      size_t chosen = (turn + headDim) / 3 % (elements.size() * masks.size());
      cases.push_back(
          {&gate, headDim, elements[chosen / masks.size()], masks[chosen % masks.size()]});
    }
  }
  return cases;
}

struct Verdict {
  std::string line; ///< of the table
  std::string fault;
};

Verdict judge(const Case &one, const std::string &ptxas) {
  Verdict verdict;
  Problem problem = one.problem();
  Result<Target> target = Target::parse(one.gate->target);
  if (!target)
    return {.line = std::string(one.gate->target), .fault = target.error().text()};
  Schedule schedule = defaultSchedule(problem, *target);
  char name[64];
  std::snprintf(name, sizeof name, "%-7s %4lld  %-4s  %-21s", target->name.c_str(),
                static_cast<long long>(problem.shape().headDim),
                std::string(elementName(one.element)).c_str(), maskNames[size_t(one.mask)]);
  verdict.line = name;
  Result<Compiled> ptx = compile(problem, schedule, *target, {.dumpTo = "", .ptxas = "none"});
  if (!ptx) {
    verdict.fault = ptx.error().text();
    return verdict;
  }
  const Image &image = *ptx->image;
  Result<Cubin> cubin = assemble({image.bytes.data(), image.bytes.size()}, *target, ptxas);
  if (!cubin) {
    verdict.fault = cubin.error().text();
    return verdict;
  }
  const PtxasReport &report = cubin->report;
  uint32_t allowed = one.gate->allowed[one.headDim][size_t(one.mask)];
  char figures[80];
  std::snprintf(figures, sizeof figures, "  %9u  %6u  %6u  %7u", report.registers,
                unsigned(image.sharedBytes), report.spillBytes, allowed);
  verdict.line += figures;
  // ptxas says by the way, not as a warning, that it serialised matrix ops or ignored setmaxnreg.
  if (report.messages.find("warning") != std::string::npos ||
      report.messages.find("(C75") != std::string::npos)
    verdict.fault = report.messages;
  else if (target->kind == Target::Kind::Hop &&
           image.sharedBytes != hopSharedBytes(image.headDim, schedule))
    verdict.fault = "a block needs " + std::to_string(image.sharedBytes) + " bytes, and " +
                    std::to_string(hopSharedBytes(image.headDim, schedule)) + " were foreseen";
  else if (report.spillBytes > allowed)
    verdict.fault = std::to_string(report.spillBytes) + " bytes are spilled, " +
                    std::to_string(allowed) + " are allowed";
  return verdict;
}

} // namespace

TEST_CASE("the default schedules' kernels assemble without a warning and without spills") {
  Result<std::string> ptxas = findPtxas();
  if (!ptxas) {
    MESSAGE("[SKIP] " << ptxas.error().text());
    return;
  }
  std::vector<Case> cases;
  for (const Gate &gate : gates)
    for (const Case &one : casesOf(gate))
      cases.push_back(one);
  std::vector<Verdict> verdicts(cases.size());
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < std::max(1u, std::thread::hardware_concurrency()); ++number)
    threads.emplace_back([&] {
      for (size_t i; (i = next++) < cases.size();)
        verdicts[i] = judge(cases[i], *ptxas);
    });
  for (std::thread &thread : threads)
    thread.join();
  std::puts("target   dim  type  mask                   registers  shared  spills  allowed");
  for (const Verdict &verdict : verdicts) {
    std::puts(verdict.line.c_str());
    CHECK_MESSAGE(verdict.fault.empty(), verdict.line, ": ", verdict.fault);
  }
}

TEST_CASE("kernels with stage lists by warp group assemble without a warning and without spills") {
  Result<std::string> ptxas = findPtxas();
  if (!ptxas) {
    MESSAGE("[SKIP] " << ptxas.error().text());
    return;
  }
  Layout clip = Layout::frames(6, 256);
  Target target = *Target::parse("sm_90a");
  auto check = [&](const Problem &problem, const Schedule &schedule, uint32_t planFormat) {
    INFO(problem.text() << ": " << schedule.text());
    Result<Compiled> compiled = compile(problem, schedule, target, {.dumpTo = "", .ptxas = *ptxas});
    REQUIRE_MESSAGE(compiled, compiled.error().text());
    CHECK(compiled->image->spillBytes == 0);
    CHECK(compiled->image->planFormat == planFormat);
  };
  for (int64_t headDim : {64, 128})
    for (bool lse : {false, true}) {
      Problem dense = attention(clip, {.heads = 2, .headDim = headDim, .lse = lse});
      Problem exact = dense.where(patterns::radial(clip));
      Problem blocks = dense.where(patterns::radialReference({.block = 64}));
      Schedule standard = defaultSchedule(blocks, target);
      CHECK(standard.groupLists == 1);
      check(blocks, standard, Image::wholeTilesFormat);
      for (const char *text : {"tileQ=192 tileK=96 gather=32 skipRescale=1 groupLists=1",
                               "tileQ=128 tileK=128 gather=64 groupLists=1"})
        check(exact, *Schedule::parse(text), Image::keptPairsFormat);
    }
}
