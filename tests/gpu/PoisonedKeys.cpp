#include "tests/gpu/Attention.h"

#include <algorithm>

namespace halftone::test {

namespace {

constexpr uint16_t notANumber = 0xffff;

/// Whether any query of any head of the group attends to each key: [batch][kvHead][key].
std::vector<bool> attended(const Problem &problem) {
  PatternWalk walk(problem.pattern(), problem.query(), problem.key());
  int64_t group = problem.shape().heads / problem.kvHeads();
  std::vector<bool> result;
  for (int64_t batch = 0; batch < problem.shape().batch; ++batch)
    for (int64_t kvHead = 0; kvHead < problem.kvHeads(); ++kvHead) {
      size_t first = result.size();
      result.resize(first + size_t(problem.key().tokenCount()), false);
      for (int64_t head = kvHead * group; head < (kvHead + 1) * group; ++head)
        for (int64_t query = 0; query < problem.query().tokenCount(); ++query)
          for (int64_t key = 0; key < problem.key().tokenCount(); ++key)
            if (walk.keeps(batch, head, query, key))
              result[first + size_t(key)] = true;
    }
  return result;
}

} // namespace

int64_t poison(Attention &attention) {
  const Problem &problem = attention.problem;
  std::vector<bool> wanted = attended(problem);
  int64_t rows = 0;
  size_t row = 0;
  for (int64_t batch = 0; batch < problem.shape().batch; ++batch)
    for (int64_t head = 0; head < problem.kvHeads(); ++head)
      for (int64_t key = 0; key < attention.keys(); ++key) {
        if (wanted[row++])
          continue;
        ++rows;
        for (const TensorPlace *place : {&attention.memory.k, &attention.memory.v})
          std::fill_n(attention.buffers[size_t(place->buffer)].begin() +
                          std::ptrdiff_t(place->at(batch, key, head)),
                      problem.shape().headDim, notANumber);
      }
  return rows;
}

} // namespace halftone::test
