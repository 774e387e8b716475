#include "tests/RandomProblem.h"

#include "dsl/Reference.h"
#include "tests/RandomPattern.h"

#include <algorithm>
#include <utility>

namespace halftone::test {

namespace {

/// Of the whole problem: what the fp64 reference does in a few milliseconds.
constexpr int64_t mostPairs = 120'000, mostProducts = 6'000'000;

Layout randomVideo(RandomNumbers &random, int64_t most) {
  while (true) {
    VideoShape shape{.frames = random.between(1, 9),
                     .height = random.between(1, 9),
                     .width = random.between(1, 17),
                     .text = random.oneIn(2) ? random.between(1, 40) : 0};
    Layout layout = Layout::video(shape);
    if (layout.tokenCount() <= most)
      return layout;
  }
}

Layout randomPacked(RandomNumbers &random, int64_t most) {
  std::vector<int64_t> lengths;
  int64_t left = random.between(1, most);
  while (left > 0) {
    lengths.push_back(random.between(1, std::min<int64_t>(left, 150)));
    left -= lengths.back();
  }
  return Layout::packed(std::move(lengths));
}

/// Lengths about the sizes of tiles, where tails go wrong, more often than others.
int64_t randomLength(RandomNumbers &random, int64_t most) {
  if (random.oneIn(3))
    return std::clamp<int64_t>(random.pick<int64_t>({16, 64, 128, 256}) + random.between(-1, 1), 1,
                               most);
  return random.between(1, most);
}

std::pair<Layout, Layout> randomLayouts(RandomNumbers &random) {
  int64_t most = random.oneIn(8) ? 500 : 280;
  switch (random.between(0, 5)) {
  case 0:
  case 1:
  case 2: {
    Layout clip = randomVideo(random, most);
    return {clip, clip};
  }
  case 3: {
    Layout packed = randomPacked(random, most);
    return {packed, packed};
  }
  case 4: {
    Layout sequence = Layout::sequence(randomLength(random, most));
    return {sequence, sequence};
  }
  default: {
    Layout queries = Layout::sequence(randomLength(random, most));
    return {queries, Layout::sequence(randomLength(random, most))};
  }
  }
}

AttentionShape randomShape(RandomNumbers &random, Element element, bool forGpu, int64_t pairs) {
  AttentionShape shape{.element = element, .lse = !random.oneIn(4)};
  shape.headDim = forGpu || random.oneIn(2) ? random.pick<int64_t>({64, 96, 128, 256})
                                            : 8 * random.between(1, 32);
  shape.heads = random.pick<int64_t>({1, 2, 3, 4, 6});
  shape.batch = random.oneIn(3) ? 2 : 1;
  auto tooLarge = [&] {
    int64_t all = pairs * shape.heads * shape.batch;
    return all > mostPairs || all * shape.headDim > mostProducts;
  };
  if (tooLarge())
    shape.batch = 1;
  while (tooLarge() && shape.heads > 1)
    --shape.heads;
  if (tooLarge())
    shape.headDim = forGpu ? 64 : std::min<int64_t>(shape.headDim, 40);
  std::vector<int64_t> divisors;
  for (int64_t divisor = 1; divisor <= shape.heads; ++divisor)
    if (shape.heads % divisor == 0)
      divisors.push_back(divisor);
  shape.kvHeads = divisors[size_t(random.between(0, int64_t(divisors.size()) - 1))];
  return shape;
}

Problem withRandomScores(RandomNumbers &random, Problem problem) {
  if (random.oneIn(4))
    problem = problem.withScale(random.pick({0.05, 0.25, 1.0}));
  if (random.oneIn(5))
    problem = problem.withSoftcap(random.pick({2.0, 15.0, 50.0}));
  for (int64_t biases = random.oneIn(5) ? random.between(1, 2) : 0; biases > 0; --biases) {
    std::vector<float> slopes;
    for (int64_t count = random.oneIn(3) ? 1 : problem.shape().heads; count > 0; --count)
      slopes.push_back(float(random.between(-64, 8)) / 256);
    problem = problem.withBias(randomDistance(random), std::move(slopes));
  }
  return problem;
}

/// A problem that keeps nothing is refused, so one that seems to is given one pair.
Problem keepingSomething(RandomNumbers &random, const Problem &problem) {
  PatternWalk walk(problem.pattern(), problem.query(), problem.key());
  for (int attempt = 0; attempt < 20; ++attempt) {
    int64_t batch = random.between(0, problem.shape().batch - 1);
    int64_t head = random.between(0, problem.shape().heads - 1);
    int64_t query = random.between(0, problem.query().tokenCount() - 1);
    for (int64_t key = 0; key < problem.key().tokenCount(); ++key)
      if (walk.keeps(batch, head, query, key))
        return problem;
  }
  auto [q, k] = problem.query().tokens();
  return problem.where(problem.pattern() | q.index() == 0 & k.index() == 0);
}

} // namespace

uint64_t RandomNumbers::next() {
  state += 0x9e3779b97f4a7c15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

int64_t RandomNumbers::between(int64_t low, int64_t high) {
  return low + int64_t(next() % uint64_t(high - low + 1));
}

double RandomNumbers::real() { return double(int64_t(next()) >> 11) * 0x1p-52; }

ProblemMemory placeTensors(const Problem &problem, MemoryOrder order) {
  const AttentionShape &shape = problem.shape();
  int64_t dim = shape.headDim;
  ProblemMemory memory;
  auto place = [&](int64_t tokens, int64_t heads) {
    TensorPlace tensor{.buffer = int(memory.bufferElements.size())};
    bool headMajor = order == MemoryOrder::HeadMajor;
    tensor.batchStride = tokens * heads * dim;
    tensor.tokenStride = headMajor ? dim : heads * dim;
    tensor.headStride = headMajor ? tokens * dim : dim;
    memory.bufferElements.push_back(shape.batch * tensor.batchStride);
    return tensor;
  };
  int64_t queries = problem.query().tokenCount(), keys = problem.key().tokenCount();
  if (order == MemoryOrder::FusedQkv) {
    memory.q = memory.k = memory.v = place(queries, shape.heads + 2 * problem.kvHeads());
    memory.k.offset = shape.heads * dim;
    memory.v.offset = memory.k.offset + problem.kvHeads() * dim;
  } else {
    memory.q = place(queries, shape.heads);
    memory.k = place(keys, problem.kvHeads());
    memory.v = place(keys, problem.kvHeads());
  }
  memory.o = place(queries, shape.heads);
  return memory;
}

RandomProblem RandomProblem::make(uint64_t seed, Element element, bool forGpu) {
  RandomNumbers random(seed);
  auto [query, key] = randomLayouts(random);
  Problem problem = attention(
      query, key, randomShape(random, element, forGpu, query.tokenCount() * key.tokenCount()));
  int depth = int(random.pick<int64_t>({0, 0, 1, 1, 2, 3}));
  problem = problem.where(randomPattern(random, query, key, depth));
  problem = keepingSomething(random, withRandomScores(random, problem));
  bool self = query.tokenCount() == key.tokenCount();
  MemoryOrder order = MemoryOrder(random.between(0, self ? 2 : 1));
  return {.seed = seed, .problem = std::move(problem), .order = order};
}

std::string RandomProblem::text() const {
  const char *orders[] = {", token major: ", ", head major: ", ", fused qkv: "};
  return "seed " + std::to_string(seed) + orders[size_t(order)] + problem.text();
}

} // namespace halftone::test
