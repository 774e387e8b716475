#include "bench/SustainedTime.h"

#include "dsl/Elements.h"
#include "runtime/Stream.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace halftone::bench {
namespace {

/// Normally distributed elements, repeated to fill the tensor.
Result<void *> randomTensor(const Device &device, Element element, int64_t elements,
                            unsigned seed) {
  constexpr int64_t longest = 1 << 20;
  auto size = elementBytes(element);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  // An odd length, so that the rows of two heads are not alike.
  std::vector<char> block(size_t(std::min(elements, longest - 31) * size));
  for (size_t i = 0; i < block.size() / size_t(size); ++i)
    storeElement(element, block.data(), i, normal(random));
  Result<void *> memory = device.allocate(size_t(elements * size));
  if (!memory)
    return memory;
  for (size_t done = 0, all = size_t(elements * size); done < all; done += block.size())
    if (Status status = device.upload(static_cast<char *>(*memory) + done, block.data(),
                                      std::min(block.size(), all - done));
        !status) {
      device.release(*memory);
      return status.error();
    }
  return memory;
}

/// Milliseconds of `launches` launches.
Result<double> sample(const Kernel &kernel, const BenchTensors &tensors, const Stream &stream,
                      int launches) {
  if (Status status = stream.start(); !status)
    return status.error();
  for (int i = 0; i < launches; ++i)
    if (Status status = tensors.launch(kernel, stream.handle()); !status)
      return status.error();
  if (Status status = stream.stop(); !status)
    return status.error();
  return stream.elapsedMilliseconds();
}

} // namespace

Result<BenchTensors> BenchTensors::make(const Problem &problem, const Device &device) {
  BenchTensors made(problem, device);
  const AttentionShape &shape = problem.shape();
  int64_t queryElements = shape.batch * shape.heads * problem.query().tokenCount() * shape.headDim;
  int64_t keyElements =
      shape.batch * problem.kvHeads() * problem.key().tokenCount() * shape.headDim;
  unsigned seed = 1;
  for (auto [tensor, elements] :
       {std::pair{&made.q, queryElements}, std::pair{&made.k, keyElements},
        std::pair{&made.v, keyElements}, std::pair{&made.o, queryElements}}) {
    Result<void *> memory = randomTensor(device, shape.element, elements, seed++);
    if (!memory)
      return memory.error();
    *tensor = *memory;
  }
  if (shape.lse) {
    Result<void *> memory = device.allocate(size_t(queryElements / shape.headDim) * 4);
    if (!memory)
      return memory.error();
    made.lse = *memory;
  }
  return made;
}

BenchTensors::BenchTensors(BenchTensors &&other) noexcept
    : problem(std::move(other.problem)), device(std::move(other.device)), q(other.q), k(other.k),
      v(other.v), o(other.o), lse(other.lse) {
  other.q = other.k = other.v = other.o = other.lse = nullptr;
}

BenchTensors::~BenchTensors() {
  for (void *memory : {q, k, v, o, lse})
    device.release(memory);
}

Status BenchTensors::launch(const Kernel &kernel, void *stream) const {
  const AttentionShape &shape = problem.shape();
  int64_t queries = problem.query().tokenCount(), keys = problem.key().tokenCount();
  return kernel(packedTokenMajor(q, queries, shape.heads, shape.headDim),
                packedTokenMajor(k, keys, problem.kvHeads(), shape.headDim),
                packedTokenMajor(v, keys, problem.kvHeads(), shape.headDim),
                packedTokenMajor(o, queries, shape.heads, shape.headDim), static_cast<float *>(lse),
                stream);
}

Result<Timing> sustainedTime(const Kernel &kernel, const BenchTensors &tensors,
                             const Device &device, const TimingPlan &plan) {
  Result<Stream> stream = Stream::create(device);
  if (!stream)
    return stream.error();
  // The first launch pays for loading; the second tells how many make a sample.
  Result<double> first = sample(kernel, tensors, *stream, 1);
  Result<double> one = first ? sample(kernel, tensors, *stream, 1) : first;
  if (!one)
    return one.error();
  Timing timing;
  timing.launchesPerSample = std::clamp(int(std::ceil(2.0 / std::max(*one, 1e-3))), 1, 2000);

  std::vector<double> samples;
  for (auto [wanted, kept] :
       {std::pair{plan.warmUpSeconds, false}, std::pair{plan.seconds, true}}) {
    double spent = 0;
    while (spent < wanted * 1000 || (kept && samples.size() < 3)) {
      Result<double> milliseconds = sample(kernel, tensors, *stream, timing.launchesPerSample);
      if (!milliseconds)
        return milliseconds.error();
      spent += *milliseconds;
      if (kept)
        samples.push_back(*milliseconds / timing.launchesPerSample);
    }
  }
  std::sort(samples.begin(), samples.end());
  timing.samples = int(samples.size());
  timing.fastestMs = samples.front();
  timing.medianMs = samples[samples.size() / 2];
  timing.slowestMs = samples.back();
  return timing;
}

} // namespace halftone::bench
