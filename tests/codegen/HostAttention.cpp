#include "tests/codegen/HostAttention.h"

#include "codegen/Compile.h"
#include "dsl/Elements.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace halftone::test {

namespace {

template <typename Visit>
void forRows(int64_t batches, int64_t heads, int64_t tokens, const Visit &visit) {
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t token = 0; token < tokens; ++token)
        visit(batch, head, token);
}

} // namespace

HostAttention::HostAttention(Problem given, MemoryOrder order, uint64_t seed)
    : problem(std::move(given)), memory(placeTensors(problem, order)) {
  Element element = problem.shape().element;
  for (int64_t elements : memory.bufferElements)
    buffers.emplace_back(size_t(elements * elementBytes(element)), char(0xff));
  RandomNumbers random(seed);
  fill(random, memory.q, problem.query().tokenCount(), problem.shape().heads, q);
  fill(random, memory.k, problem.key().tokenCount(), problem.kvHeads(), k);
  fill(random, memory.v, problem.key().tokenCount(), problem.kvHeads(), v);
}

void HostAttention::fill(RandomNumbers &random, const TensorPlace &place, int64_t tokens,
                         int64_t heads, std::vector<double> &packed) {
  Element element = problem.shape().element;
  char *buffer = buffers[size_t(place.buffer)].data();
  forRows(problem.shape().batch, heads, tokens, [&](int64_t batch, int64_t head, int64_t token) {
    for (int64_t d = 0; d < problem.shape().headDim; ++d) {
      size_t index = size_t(place.at(batch, token, head) + d);
      // The sum of three uniform numbers: near enough to normal, of variance 1.
      storeElement(element, buffer, index, float(random.real() + random.real() + random.real()));
      packed.push_back(loadElement(element, buffer, index));
    }
  });
}

Result<Kernel> HostAttention::compiled(const Schedule &schedule, unsigned threads) const {
  Result<Compiled> code = compile(problem, schedule, Target::cpu());
  if (!code)
    return code.error();
  return Kernel::onCpu(code->image, problem, code->cpuEntry, code->keepAlive, threads);
}

Result<Kernel> HostAttention::compiled() const {
  return compiled(defaultSchedule(problem, Target::cpu()));
}

int64_t HostAttention::poisonUnattended() {
  const AttentionShape &shape = problem.shape();
  int64_t group = shape.heads / problem.kvHeads(), keys = problem.key().tokenCount();
  std::vector<bool> attended(size_t(shape.batch * problem.kvHeads() * keys));
  PatternWalk walk(problem.pattern(), problem.query(), problem.key());
  forRows(shape.batch, shape.heads, problem.query().tokenCount(),
          [&](int64_t batch, int64_t head, int64_t query) {
            int64_t first = (batch * problem.kvHeads() + head / group) * keys;
            for (int64_t key = 0; key < keys; ++key)
              if (!attended[size_t(first + key)] && walk.keeps(batch, head, query, key))
                attended[size_t(first + key)] = true;
          });
  int64_t poisoned = 0;
  size_t row = 0;
  forRows(shape.batch, problem.kvHeads(), keys, [&](int64_t batch, int64_t head, int64_t key) {
    if (attended[row++])
      return;
    ++poisoned;
    for (const TensorPlace &place : {memory.k, memory.v})
      for (int64_t d = 0; d < shape.headDim; ++d)
        storeElement(shape.element, buffers[size_t(place.buffer)].data(),
                     size_t(place.at(batch, key, head) + d),
                     std::numeric_limits<float>::quiet_NaN());
  });
  return poisoned;
}

bool HostAttention::Outcome::operator==(const Outcome &other) const {
  return output == other.output && lse.size() == other.lse.size() &&
         std::memcmp(lse.data(), other.lse.data(), lse.size() * sizeof(float)) == 0;
}

HostAttention::Outcome HostAttention::run(const Kernel &kernel) const {
  const AttentionShape &shape = problem.shape();
  int64_t bytes = elementBytes(shape.element);
  Outcome outcome;
  outcome.output = buffers[size_t(memory.o.buffer)];
  if (shape.lse)
    outcome.lse.assign(size_t(shape.batch * shape.heads * problem.query().tokenCount()), NAN);
  auto view = [&](const TensorPlace &place, const char *data) {
    return TensorView{const_cast<char *>(data) + place.offset * bytes, place.batchStride,
                      place.tokenStride, place.headStride};
  };
  auto input = [&](const TensorPlace &place) {
    return view(place, buffers[size_t(place.buffer)].data());
  };
  Status status =
      kernel(input(memory.q), input(memory.k), input(memory.v),
             view(memory.o, outcome.output.data()), shape.lse ? outcome.lse.data() : nullptr);
  if (!status)
    outcome.output.clear();
  return outcome;
}

/// Sums are taken in f32. What rounding does to a score, an exponent, grows with the terms it is
/// the sum of: headDim products of size 1, times the scale, 16 at most by default. Of 276 problems
/// above that, the worst was off by 0.32 of this.
static double roundingOf(const Problem &problem) {
  return 1e-5 * std::max(1.0, std::abs(problem.scale()) * double(problem.shape().headDim) / 16);
}

/// The result is rounded to the element type once.
double HostAttention::allowedError(double wanted) const {
  switch (problem.shape().element) {
  case Element::F32:
    return roundingOf(problem);
  case Element::F16:
    return roundingOf(problem) + std::abs(wanted) * 0x1p-10;
  case Element::BF16:
    return roundingOf(problem) + std::abs(wanted) * 0x1p-7;
  }
  return 0;
}

double HostAttention::error(const Outcome &outcome, const ReferenceResult &right) const {
  const AttentionShape &shape = problem.shape();
  if (outcome.output.empty())
    return INFINITY;
  double worst = 0;
  auto note = [&](double error) { worst = std::isnan(error) ? INFINITY : std::max(worst, error); };
  size_t row = 0;
  forRows(shape.batch, shape.heads, problem.query().tokenCount(),
          [&](int64_t batch, int64_t head, int64_t query) {
            bool isEmpty = std::isinf(right.lse[row]);
            for (int64_t d = 0; d < shape.headDim; ++d) {
              double value = loadElement(shape.element, outcome.output.data(),
                                         size_t(memory.o.at(batch, query, head) + d));
              double wanted = right.output[row * size_t(shape.headDim) + size_t(d)];
              if (isEmpty)
                note(value == 0 ? 0 : INFINITY);
              else
                note(std::abs(value - wanted) / allowedError(wanted));
            }
            if (shape.lse && isEmpty)
              note(outcome.lse[row] == right.lse[row] ? 0 : INFINITY);
            else if (shape.lse)
              note(std::abs(outcome.lse[row] - right.lse[row]) /
                   (roundingOf(problem) * std::max(1.0, std::abs(right.lse[row]))));
            ++row;
          });
  return worst;
}

} // namespace halftone::test
