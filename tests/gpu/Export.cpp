#include "tests/gpu/Export.h"

#include <cmath>
#include <cstdio>
#include <fstream>

namespace halftone::test {
namespace {

/// The parts of a .safetensors file: an 8-byte length, a JSON header, the tensors.
struct File {
  std::string header, content;

  template <typename Value>
  void add(const char *name, const char *type, std::vector<int64_t> sizes,
           const std::vector<Value> &values) {
    std::string begin = std::to_string(content.size());
    content.append(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(Value));
    header += std::string(header.empty() ? "{" : ",") + "\"" + name + "\":{\"dtype\":\"" + type +
              "\",\"shape\":[";
    for (size_t i = 0; i < sizes.size(); ++i)
      header += (i ? "," : "") + std::to_string(sizes[i]);
    header += "],\"data_offsets\":[" + begin + "," + std::to_string(content.size()) + "]}";
  }
};

std::vector<uint16_t> packed(const std::vector<std::vector<uint16_t>> &buffers,
                             const TensorPlace &place, int64_t batches, int64_t heads,
                             int64_t tokens, int64_t dim) {
  std::vector<uint16_t> values;
  const std::vector<uint16_t> &from = buffers[size_t(place.buffer)];
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t token = 0; token < tokens; ++token) {
        auto row = from.begin() + std::ptrdiff_t(place.at(batch, token, head));
        values.insert(values.end(), row, row + dim);
      }
  return values;
}

std::vector<float> scoreBias(const Problem &problem) {
  PatternWalk walk(problem.pattern(), problem.query(), problem.key());
  std::vector<float> values;
  for (int64_t batch = 0; batch < problem.shape().batch; ++batch)
    for (int64_t head = 0; head < problem.shape().heads; ++head)
      for (int64_t query = 0; query < problem.query().tokenCount(); ++query)
        for (int64_t key = 0; key < problem.key().tokenCount(); ++key) {
          double sum = walk.keeps(batch, head, query, key) ? 0 : -INFINITY;
          for (const Bias &bias : problem.biases())
            if (sum > -INFINITY)
              sum += double(bias.coefficients[bias.coefficients.size() == 1 ? 0 : size_t(head)]) *
                     double(walk.value(*bias.distance.node(), batch, head, query, key));
          values.push_back(float(sum));
        }
  return values;
}

} // namespace

Status exportAttention(const std::string &folder, const RandomProblem &random,
                       const Attention &attention, const Outcome &outcome) {
  const Problem &problem = attention.problem;
  const AttentionShape &shape = problem.shape();
  const char *type = shape.element == Element::BF16 ? "BF16" : "F16";
  int64_t queries = attention.queries(), keys = attention.keys();
  File file;
  auto add = [&](const char *name, const std::vector<std::vector<uint16_t>> &buffers,
                 const TensorPlace &place, int64_t heads, int64_t tokens) {
    file.add(name, type, {shape.batch, heads, tokens, shape.headDim},
             packed(buffers, place, shape.batch, heads, tokens, shape.headDim));
  };
  const ProblemMemory &memory = attention.memory;
  add("q", attention.buffers, memory.q, shape.heads, queries);
  add("k", attention.buffers, memory.k, problem.kvHeads(), keys);
  add("v", attention.buffers, memory.v, problem.kvHeads(), keys);
  add("o", outcome.buffers, memory.o, shape.heads, queries);
  file.add("right", "F64", {shape.batch, shape.heads, queries, shape.headDim},
           attention.right.output);
  file.add("bias", "F32", {shape.batch, shape.heads, queries, keys}, scoreBias(problem));
  file.add("scale", "F64", {1}, std::vector<double>{problem.scale()});
  file.add("softcap", "F64", {1}, std::vector<double>{problem.softcap().value_or(0)});
  file.header += "}";

  std::string path = folder + "/" + std::string(elementName(shape.element)) + "-" +
                     std::to_string(random.seed) + ".safetensors";
  std::ofstream stream(path, std::ios::binary);
  uint64_t length = file.header.size();
  stream.write(reinterpret_cast<const char *>(&length), sizeof(length));
  stream << file.header << file.content;
  if (!stream.flush())
    return fileError("cannot write " + path, "make the folder, and room in it");
  return {};
}

} // namespace halftone::test
