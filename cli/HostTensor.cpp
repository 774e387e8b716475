#include "cli/HostTensor.h"

#include "dsl/Elements.h"

#include <fmt/format.h>
#include <llvm/Support/Parallel.h>

#include <algorithm>
#include <cmath>

#include <unistd.h>

namespace halftone::cli {
namespace {

/// splitmix64's finaliser: every bit of the input reaches every bit of the output.
uint64_t mixed(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

/// Mean 0, deviation 1: the sum of four uniform numbers.
float nearlyNormal(uint64_t bits) {
  int64_t sum = 0;
  for (int part = 0; part < 4; ++part)
    sum += int64_t(bits >> (16 * part) & 0xffff);
  return float(double(sum - 2 * 0xffff) / (0x10000 * std::sqrt(4.0 / 12)));
}

/// Calls body(begin, end) on pieces of [0, count), on all threads.
template <typename Body> void forPieces(size_t count, Body body) {
  constexpr size_t piece = 1 << 18;
  llvm::parallelFor(0, (count + piece - 1) / piece,
                    [&](size_t i) { body(i * piece, std::min(count, (i + 1) * piece)); });
}

} // namespace

HostTensor HostTensor::zeros(Element element, AxisOrder order, int64_t batch, int64_t tokens,
                             int64_t heads, int64_t headDim) {
  HostTensor tensor{element, order, batch, tokens, heads, headDim, {}};
  tensor.bytes.resize(tensor.elementCount() * size_t(elementBytes(element)));
  return tensor;
}

HostTensor HostTensor::random(Element element, AxisOrder order, int64_t batch, int64_t tokens,
                              int64_t heads, int64_t headDim, uint64_t seed, uint64_t stream) {
  HostTensor tensor = zeros(element, order, batch, tokens, heads, headDim);
  uint64_t key = mixed(mixed(seed) ^ stream);
  llvm::parallelFor(0, size_t(batch * tokens), [&](size_t row) {
    for (int64_t head = 0; head < heads; ++head) {
      size_t at = tensor.index(int64_t(row) / tokens, int64_t(row) % tokens, head);
      uint64_t logical = (row * uint64_t(heads) + uint64_t(head)) * uint64_t(headDim);
      for (int64_t depth = 0; depth < headDim; ++depth)
        storeElement(element, tensor.bytes.data(), at + size_t(depth),
                     nearlyNormal(mixed(key ^ mixed(logical + uint64_t(depth)))));
    }
  });
  return tensor;
}

Result<HostTensor> HostTensor::read(const SafetensorsFile &file, std::string_view name,
                                    AxisOrder order) {
  auto entry = file.find(name);
  if (!entry)
    return entry.error();
  auto element = file.element(*entry);
  if (!element)
    return element.error();
  const char *axes =
      order == AxisOrder::Bshd ? "[batch, token, head, depth]" : "[batch, head, token, depth]";
  if (entry->shape.size() != 4)
    return misuse(
        fmt::format("tensor `{}` has {} axes, not the four of {}", name, entry->shape.size(), axes),
        "give it four axes, and say their order with --layout bshd or bhsd");
  for (uint64_t size : entry->shape)
    if (size == 0 || size > uint64_t{1} << 31)
      return misuse(
          fmt::format("tensor `{}` has the shape [{}]", name, fmt::join(entry->shape, ", ")),
          "every axis must be 1 or more, and below 2^31");
  std::array<int64_t, 4> shape{};
  std::copy(entry->shape.begin(), entry->shape.end(), shape.begin());
  bool tokensFirst = order == AxisOrder::Bshd;
  HostTensor tensor = zeros(*element, order, shape[0], tokensFirst ? shape[1] : shape[2],
                            tokensFirst ? shape[2] : shape[1], shape[3]);
  if (Status status = file.read(*entry, tensor.bytes.data()); !status)
    return status.error();
  return tensor;
}

size_t HostTensor::index(int64_t batchIndex, int64_t token, int64_t head) const {
  int64_t row = order == AxisOrder::Bshd ? (batchIndex * tokens + token) * heads + head
                                         : (batchIndex * heads + head) * tokens + token;
  return size_t(row * headDim);
}

std::vector<int64_t> HostTensor::shape() const {
  if (order == AxisOrder::Bshd)
    return {batch, tokens, heads, headDim};
  return {batch, heads, tokens, headDim};
}

HostTensor HostTensor::converted(Element to) const {
  HostTensor result = zeros(to, order, batch, tokens, heads, headDim);
  forPieces(elementCount(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      storeElement(to, result.bytes.data(), i, loadElement(element, bytes.data(), i));
  });
  return result;
}

std::vector<double> HostTensor::head(int64_t batchIndex, int64_t headIndex) const {
  std::vector<double> values(size_t(tokens * headDim));
  llvm::parallelFor(0, size_t(tokens), [&](size_t token) {
    size_t at = index(batchIndex, int64_t(token), headIndex);
    for (int64_t depth = 0; depth < headDim; ++depth)
      values[token * size_t(headDim) + size_t(depth)] =
          loadElement(element, bytes.data(), at + size_t(depth));
  });
  return values;
}

double HostTensor::greatestMagnitude(int64_t batchIndex, int64_t headIndex) const {
  double greatest = 0;
  for (int64_t token = 0; token < tokens; ++token) {
    size_t at = index(batchIndex, token, headIndex);
    for (int64_t depth = 0; depth < headDim; ++depth)
      if (double value = std::fabs(loadElement(element, bytes.data(), at + size_t(depth)));
          std::isfinite(value))
        greatest = std::max(greatest, value);
  }
  return greatest;
}

TensorView HostTensor::view(void *data) const {
  return order == AxisOrder::Bshd ? packedTokenMajor(data, tokens, heads, headDim)
                                  : packedHeadMajor(data, tokens, heads, headDim);
}

Status checkMemory(const Problem &problem) {
  const AttentionShape &shape = problem.shape();
  double tokens = double(problem.query().tokenCount()) * double(shape.heads) * 2 +
                  double(problem.key().tokenCount()) * double(problem.kvHeads()) * 2;
  double needed =
      double(shape.batch) * tokens * double(shape.headDim) * double(elementBytes(shape.element));
  double present = double(::sysconf(_SC_PHYS_PAGES)) * double(::sysconf(_SC_PAGESIZE));
  if (needed > present)
    return unsupported(fmt::format("q, k, v and o take {:.1f} GiB, and this machine has {:.1f} GiB",
                                   needed / (1 << 30), present / (1 << 30)),
                       "choose fewer heads, frames or batch elements");
  return {};
}

} // namespace halftone::cli
