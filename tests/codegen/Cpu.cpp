// The CPU target against the fp64 reference.
#include "codegen/Compile.h"
#include "tests/codegen/HostAttention.h"
#include "tests/dsl/Property.h"

#include <doctest/doctest.h>
#include <llvm/Object/ObjectFile.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <thread>

using namespace halftone;
using namespace halftone::test;

namespace {

/// Runs `attention`, then again with a NaN in all that is not attended to; an empty text if the
/// first is right and the second the same, bit for bit.
std::string mistakeOf(HostAttention &attention, const Result<Kernel> &kernel,
                      int64_t *poisonedRows = nullptr) {
  if (!kernel)
    return kernel.error().text();
  HostAttention::Outcome clean = attention.run(*kernel);
  double error = attention.error(clean, attention.solve());
  if (!(error <= 1))
    return "wrong by " + std::to_string(error) + " times what is allowed";
  int64_t rows = attention.poisonUnattended();
  if (poisonedRows)
    *poisonedRows += rows;
  if (rows > 0 && !(attention.run(*kernel) == clean))
    return "a NaN in " + std::to_string(rows) + " unattended rows changed the result";
  return {};
}

/// Solves the problems of these seeds, all processors at once; what went wrong, a problem a line.
std::string mistakesOf(const std::vector<uint64_t> &seeds, Element element,
                       std::atomic<int64_t> &poisoned) {
  std::vector<std::string> mistakes(seeds.size());
  std::atomic<size_t> next{0};
  auto work = [&] {
    for (size_t i; (i = next++) < seeds.size();) {
      RandomProblem random = RandomProblem::make(seeds[i], element, /*forGpu=*/false);
      HostAttention attention(random.problem, random.order, seeds[i]);
      int64_t rows = 0;
      std::string mistake = mistakeOf(attention, attention.compiled(), &rows);
      poisoned += rows;
      if (!mistake.empty())
        mistakes[i] = random.text() + ": " + mistake + "\n";
    }
  };
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < std::max(1u, std::thread::hardware_concurrency()); ++number)
    threads.emplace_back(work);
  for (std::thread &thread : threads)
    thread.join();
  return std::accumulate(mistakes.begin(), mistakes.end(), std::string());
}

/// Whether problems drawn at random are solved right, in batches of `atOnce`; `poisoned` counts the
/// rows that held a NaN. rapidcheck's own state is for one thread, so only seeds are drawn from it.
bool randomProblemsHold(Element element, int batches, int64_t &poisoned) {
  constexpr size_t atOnce = 10;
  std::atomic<int64_t> rows{0};
  bool success = holds("random problems in " + std::string(elementName(element)), batches, [&] {
    // All 64 bits from the first on; a seed has no smaller neighbour to shrink to.
    auto seed =
        rc::gen::noShrink(rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<uint64_t>()));
    std::string mistakes =
        mistakesOf(*rc::gen::container<std::vector<uint64_t>>(atOnce, seed), element, rows);
    if (!mistakes.empty())
      RC_FAIL(mistakes);
  });
  poisoned = rows;
  return success;
}

Problem band(int64_t tokens, AttentionShape shape) {
  Layout layout = Layout::sequence(tokens);
  auto [q, k] = layout.tokens();
  return attention(layout, shape).where(abs(q.index() - k.index()) <= 9);
}

} // namespace

TEST_CASE("random problems match the reference, and NaN that nobody attends to stays out") {
  int64_t poisoned = 0;
  CHECK(randomProblemsHold(Element::F32, 22, poisoned));
  // Some 4,500; of the 40 of another element there may be none, as four problems in five have none.
  CHECK(poisoned > 100);
  CHECK(randomProblemsHold(Element::F16, 4, poisoned));
  CHECK(randomProblemsHold(Element::BF16, 4, poisoned));
}

TEST_CASE("a NaN that nobody attends to stays out, whatever the element") {
  Layout layout = Layout::sequence(90);
  Token k = layout.tokens().second;
  for (Element element : {Element::F32, Element::F16, Element::BF16}) {
    CAPTURE(elementName(element));
    AttentionShape shape{.heads = 4, .kvHeads = 2, .headDim = 24, .element = element, .lse = true};
    Problem problem = attention(layout, shape).where(k.index() < 59);
    HostAttention host(problem, MemoryOrder::TokenMajor, 9);
    int64_t poisoned = 0;
    CHECK(mistakeOf(host, host.compiled(), &poisoned) == "");
    CHECK(poisoned == 2 * 31); // keys 59 and on, of each of their heads
  }
}

TEST_CASE("every head dim, tile and vector width gives the right result") {
  for (int width : {0, 4, 8, 16})
    for (int64_t headDim : {8, 24, 40, 104, 256})
      for (auto [tileQ, tileK] : {std::pair{8, 16}, {64, 32}, {24, 80}}) {
        // A few of the combinations, each value with each other one.
        if ((size_t(width) / 4 + size_t(headDim) / 8 + size_t(tileQ)) % 3 != 0)
          continue;
        CAPTURE(width);
        CAPTURE(headDim);
        CAPTURE(tileQ);
        Problem problem = band(
            75,
            {.heads = 2, .kvHeads = 1, .headDim = headDim, .element = Element::F32, .lse = true});
        HostAttention attention(problem, MemoryOrder::TokenMajor, 7);
        Schedule schedule{.tileQ = tileQ, .tileK = tileK, .vectorWidth = width};
        CHECK(mistakeOf(attention, attention.compiled(schedule)) == "");
      }
}

TEST_CASE("no function of a library is called but to move and fill memory") {
  Layout clip = Layout::frames(4, 50, 3);
  auto [q, k] = clip.tokens();
  for (Element element : {Element::F32, Element::F16, Element::BF16}) {
    Problem problem = attention(clip, {.heads = 2, .headDim = 40, .element = element, .lse = true})
                          .where(pow2(bits(abs(q.frame() - k.frame()))) % 3 == 1)
                          .withSoftcap(20)
                          .withBias(abs(q.index() - k.index()), {-0.01f});
    Result<Compiled> code =
        compile(problem, defaultSchedule(problem, Target::cpu()), Target::cpu());
    REQUIRE(code);
    llvm::StringRef bytes(code->image->bytes.data(), code->image->bytes.size());
    auto object = llvm::object::ObjectFile::createObjectFile({bytes, "kernel.o"});
    REQUIRE(bool(object));
    for (const llvm::object::SymbolRef &symbol : (*object)->symbols()) {
      llvm::Expected<uint32_t> flags = symbol.getFlags();
      REQUIRE(bool(flags));
      if (!(*flags & llvm::object::SymbolRef::SF_Undefined))
        continue;
      llvm::Expected<llvm::StringRef> name = symbol.getName();
      REQUIRE(bool(name));
      // The offset table is the linker's.
      const char *allowed[] = {"", "memcpy", "memset", "_GLOBAL_OFFSET_TABLE_"};
      CHECK_MESSAGE(std::find(std::begin(allowed), std::end(allowed), *name) != std::end(allowed),
                    name->str());
    }
  }
}

TEST_CASE("a scale that is not positive is taken as it is") {
  for (double scale : {-0.3, 0.0}) {
    CAPTURE(scale);
    Problem problem = band(100, {.heads = 2, .headDim = 32, .element = Element::F32, .lse = true})
                          .withScale(scale);
    HostAttention attention(problem, MemoryOrder::TokenMajor, 5);
    CHECK(mistakeOf(attention, attention.compiled()) == "");
  }
}

TEST_CASE("threads share the work and change nothing") {
  Problem problem =
      band(700, {.batch = 2, .heads = 3, .headDim = 32, .element = Element::F32, .lse = true});
  HostAttention attention(problem, MemoryOrder::HeadMajor, 3);
  Schedule schedule = defaultSchedule(problem, Target::cpu());
  Result<Kernel> alone = attention.compiled(schedule, 1), many = attention.compiled(schedule, 5);
  REQUIRE(alone);
  REQUIRE(many);
  HostAttention::Outcome outcome = attention.run(*alone);
  CHECK(attention.error(outcome, attention.solve()) <= 1);
  for (int repeat = 0; repeat < 20; ++repeat)
    CHECK(attention.run(*many) == outcome);
}

TEST_CASE("a NaN that is attended to is not hidden") {
  Problem problem = band(40, {.headDim = 16, .element = Element::F32});
  HostAttention attention(problem, MemoryOrder::HeadMajor, 1);
  Result<Kernel> kernel = attention.compiled();
  REQUIRE(kernel);
  // Key 39 is seen by the queries from 30 on.
  float *keys =
      reinterpret_cast<float *>(attention.buffers[size_t(attention.memory.k.buffer)].data());
  keys[39 * 16 + 5] = NAN;
  HostAttention::Outcome outcome = attention.run(*kernel);
  const float *output = reinterpret_cast<const float *>(outcome.output.data());
  for (int64_t query = 0; query < 40; ++query)
    for (int64_t d = 0; d < 16; ++d)
      CHECK(std::isnan(output[query * 16 + d]) == (query >= 30));
}

TEST_CASE("a kernel without the log-sum-exp gives the same output") {
  Problem problem = band(40, {.headDim = 16, .element = Element::F32, .lse = true});
  HostAttention attention(problem, MemoryOrder::HeadMajor, 1);
  Result<Kernel> kernel = attention.compiled();
  REQUIRE(kernel);
  HostAttention::Outcome whole = attention.run(*kernel);
  attention.problem = band(40, {.headDim = 16, .element = Element::F32});
  Result<Kernel> without = attention.compiled();
  REQUIRE(without);
  CHECK(attention.run(*without).output == whole.output);
}
