#include "HandWrittenKernel.h"
#include "SampleImage.h"

#include "dsl/Reference.h"
#include "runtime/CpuFeatures.h"
#include "runtime/Kernel.h"

#include <atomic>
#include <random>
#include <thread>

using namespace halftone;

namespace {

Problem causal(int64_t tokens, AttentionShape shape) {
  Layout line = Layout::sequence(tokens);
  auto [q, k] = line.tokens();
  return attention(line, shape).where(k.index() <= q.index());
}

constexpr AttentionShape shape{
    .batch = 2, .heads = 4, .kvHeads = 2, .headDim = 64, .element = Element::F32, .lse = true};

Kernel onCpu(const Problem &problem, CpuEntry entry = causalKernel, unsigned threads = 3,
             std::shared_ptr<void> keepAlive = nullptr) {
  Result<Kernel> kernel = Kernel::onCpu(sampleImage(problem, Image::Kind::Object, "cpu"), problem,
                                        entry, std::move(keepAlive), threads);
  if (!kernel)
    FAIL(kernel.error().text());
  return *kernel;
}

/// Random q, k, v in [batch][head][token][headDim] order, as floats and as doubles.
struct Tensors {
  std::vector<float> q, k, v, o, lse;
  std::vector<double> wideQ, wideK, wideV;

  explicit Tensors(const Problem &problem) {
    const AttentionShape &of = problem.shape();
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    auto fill = [&](std::vector<float> &narrow, std::vector<double> &wide, int64_t heads) {
      narrow.resize(size_t(of.batch * heads * problem.key().tokenCount() * of.headDim));
      for (float &value : narrow)
        value = normal(random);
      wide.assign(narrow.begin(), narrow.end());
    };
    fill(q, wideQ, of.heads);
    fill(k, wideK, problem.kvHeads());
    fill(v, wideV, problem.kvHeads());
    o.assign(q.size(), NAN);
    lse.assign(q.size() / size_t(of.headDim), NAN);
  }

  Status run(const Kernel &kernel) {
    const AttentionShape &of = kernel.problem().shape();
    int64_t tokens = kernel.problem().query().tokenCount();
    int64_t kvHeads = kernel.problem().kvHeads();
    return kernel(packedHeadMajor(q.data(), tokens, of.heads, of.headDim),
                  packedHeadMajor(k.data(), tokens, kvHeads, of.headDim),
                  packedHeadMajor(v.data(), tokens, kvHeads, of.headDim),
                  packedHeadMajor(o.data(), tokens, of.heads, of.headDim), lse.data());
  }

  void compare(const Problem &problem) const {
    ReferenceResult right = reference(problem, {wideQ, wideK, wideV});
    double worst = 0, worstLse = 0;
    for (size_t i = 0; i < o.size(); ++i)
      worst = std::max(worst, std::isnan(o[i]) ? INFINITY : std::abs(o[i] - right.output[i]));
    for (size_t i = 0; i < lse.size(); ++i)
      worstLse =
          std::max(worstLse, std::isnan(lse[i]) ? INFINITY : std::abs(lse[i] - right.lse[i]));
    CHECK(worst < 1e-5);
    CHECK(worstLse < 1e-5);
  }
};

} // namespace

TEST_CASE("a CPU kernel gets the plan, the strides and the tail right") {
  for (int64_t tokens : {1, 63, 64, 65, 200}) {
    CAPTURE(tokens);
    Problem problem = causal(tokens, shape);
    Tensors tensors(problem);
    Status status = tensors.run(onCpu(problem));
    REQUIRE(status);
    tensors.compare(problem);
  }
}

TEST_CASE("the same code is planned for another length") {
  Kernel first = onCpu(causal(64, shape));
  Problem longer = causal(300, shape);
  Result<Kernel> kernel = first.replan(longer);
  REQUIRE(kernel);
  Tensors tensors(longer);
  REQUIRE(tensors.run(*kernel));
  tensors.compare(longer);

  Result<Kernel> other = first.replan(attention(Layout::sequence(64), shape));
  REQUIRE_FALSE(other);
  CHECK(other.error().message.find("a mask of the shape") != std::string::npos);
}

TEST_CASE("every work item runs exactly once, whatever the number of threads") {
  static std::vector<std::atomic<int>> *counts;
  CpuEntry counting = [](const KernelArguments *arguments, int64_t begin, int64_t end,
                         void *scratch) {
    CHECK(reinterpret_cast<uintptr_t>(scratch) % 64 == 0);
    for (int64_t item = begin; item < end; ++item)
      ++(*counts)[size_t(item)];
  };
  Problem problem = causal(3000, shape);
  for (unsigned threads : {1u, 2u, 7u}) {
    Kernel kernel = onCpu(problem, counting, threads);
    std::vector<std::atomic<int>> fresh(kernel.plan().work.size());
    counts = &fresh;
    Tensors tensors(problem);
    REQUIRE(tensors.run(kernel));
    REQUIRE(fresh.size() == 2 * 4 * 47);
    CHECK(std::all_of(fresh.begin(), fresh.end(), [](const auto &n) { return n == 1; }));
  }
}

TEST_CASE("one kernel serves several threads at once") {
  Problem problem = causal(150, shape);
  Kernel kernel = onCpu(problem);
  std::vector<Tensors> all(4, Tensors(problem));
  std::vector<std::thread> callers;
  for (Tensors &tensors : all)
    callers.emplace_back([&kernel, &tensors] { (void)bool(tensors.run(kernel)); });
  for (std::thread &caller : callers)
    caller.join();
  for (const Tensors &tensors : all)
    tensors.compare(problem);
}

TEST_CASE("a kernel keeps its code") {
  auto code = std::make_shared<int>(0);
  std::weak_ptr<int> watched = code;
  {
    Kernel kernel = onCpu(causal(64, shape), causalKernel, 1, std::move(code));
    Result<Kernel> again = kernel.replan(causal(65, shape));
    REQUIRE(again);
    CHECK_FALSE(watched.expired());
  }
  CHECK(watched.expired());
}

TEST_CASE("what a CPU kernel cannot be made of is said") {
  Problem problem = causal(64, shape);
  auto message = [&](Image::Kind kind, CpuEntry entry, uint32_t planFormat = 1) {
    auto image = sampleImage(problem, kind, kind == Image::Kind::Object ? "cpu" : "sm_80");
    image->planFormat = planFormat;
    Result<Kernel> kernel = Kernel::onCpu(image, problem, entry, nullptr);
    REQUIRE_FALSE(kernel);
    return kernel.error().message;
  };
  CHECK(message(Image::Kind::Object, nullptr) ==
        "the CPU kernel has no function: the entry is null");
  CHECK(message(Image::Kind::Cubin, causalKernel) == "the image is for sm_80, not for the cpu");
  CHECK(message(Image::Kind::Object, causalKernel, 4) ==
        "the image takes plans of format 4, and its code is for the cpu, which takes format 1");

  auto image = sampleImage(problem, Image::Kind::Object, "cpu");
  Result<Kernel> loaded = Kernel::load(image, problem, Device::cpu());
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message ==
        "an object image holds code of the host, which a linker must load");
  Result<Kernel> wrongDevice =
      Kernel::load(sampleImage(problem, Image::Kind::Cubin, "sm_80"), problem, Device::cpu());
  REQUIRE_FALSE(wrongDevice);
  CHECK(wrongDevice.error().message == "the image is for sm_80, and the device is the cpu");
}

TEST_CASE("wrong tensors are named at the launch") {
  Problem problem = causal(64, shape);
  Kernel kernel = onCpu(problem);
  std::vector<float> memory(2 * 4 * 64 * 64 + 1), lse(2 * 4 * 64);
  TensorView good = packedTokenMajor(memory.data(), 64, 4, 64);
  TensorView goodKv = packedTokenMajor(memory.data(), 64, 2, 64);
  auto message = [&](TensorView q, TensorView k, TensorView v, TensorView o, float *lseData) {
    Status status = kernel(q, k, v, o, lseData);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::Misuse);
    return status.error().message;
  };
  TensorView null = good, odd = goodKv, overlapping = good;
  null.data = nullptr;
  odd.data = reinterpret_cast<char *>(memory.data()) + 2;
  overlapping.tokenStride = 16;
  CHECK(message(null, goodKv, goodKv, good, lse.data()) ==
        "tensor q has no data: its pointer is null");
  CHECK(message(good, odd, goodKv, good, lse.data()) ==
        "tensor k begins at an address that is not a multiple of 4 bytes");
  CHECK(message(good, goodKv, goodKv, overlapping, lse.data()) ==
        "tokenStride of tensor o is 16: its rows of 64 elements overlap");
  CHECK(message(good, goodKv, goodKv, good, nullptr) ==
        "the problem asks for the log-sum-exp, and lse is null");
  overlapping = good;
  overlapping.batchStride = 0;
  CHECK(message(good, goodKv, goodKv, overlapping, lse.data()) ==
        "batchStride of tensor o is 0: its rows of 64 elements overlap");
}

TEST_CASE("code that needs more than this CPU has is refused") {
  CHECK(checkCpuFeatures(""));
  CHECK(checkCpuFeatures(hostCpuFeatures()));
  Status lacking = checkCpuFeatures(hostCpuFeatures() + ",avx1024");
  REQUIRE(!lacking);
  CHECK(lacking.error().text() ==
        "the code is for a CPU with avx1024, which this one lacks; compile "
        "it on a machine like this one");
}
