#include "tests/gpu/Attention.h"

#include <algorithm>

namespace halftone::test {
namespace {

constexpr size_t guardBytes = 1 << 20;
constexpr unsigned char guardByte = 0xff;

size_t lseCount(const Attention &attention) {
  const AttentionShape &shape = attention.problem.shape();
  return shape.lse ? size_t(shape.batch * shape.heads * attention.queries()) : 0;
}

} // namespace

GpuAttention::GpuAttention(const Attention &attention, const Device &device)
    : attention(attention), device(device) {
  auto allocate = [&](size_t bytes) {
    void *memory = need(device.allocate(bytes + 2 * guardBytes));
    guarded.push_back({static_cast<char *>(memory), bytes});
  };
  for (const auto &buffer : attention.buffers)
    allocate(buffer.size() * sizeof(uint16_t));
  allocate(lseCount(attention) * sizeof(float));
}

GpuAttention::~GpuAttention() {
  for (const Guarded &buffer : guarded)
    device.release(buffer.memory);
}

void GpuAttention::upload() {
  for (size_t i = 0; i < guarded.size(); ++i) {
    need(device.fill(guarded[i].memory, guardByte, guarded[i].bytes + 2 * guardBytes));
    if (i < attention.buffers.size())
      need(device.upload(guarded[i].memory + guardBytes, attention.buffers[i].data(),
                         guarded[i].bytes));
  }
}

TensorView GpuAttention::view(const TensorPlace &place) const {
  return {guarded[size_t(place.buffer)].memory + guardBytes +
              size_t(place.offset) * sizeof(uint16_t),
          place.batchStride, place.tokenStride, place.headStride};
}

Status GpuAttention::launch(const Kernel &kernel, void *stream) const {
  const ProblemMemory &memory = attention.memory;
  auto *lse = reinterpret_cast<float *>(guarded.back().memory + guardBytes);
  return kernel(view(memory.q), view(memory.k), view(memory.v), view(memory.o),
                attention.problem.shape().lse ? lse : nullptr, stream);
}

Outcome GpuAttention::download() const {
  Outcome outcome;
  outcome.guardsIntact = outcome.restIntact = true;
  for (size_t i = 0; i < guarded.size(); ++i) {
    std::vector<char> all(guarded[i].bytes + 2 * guardBytes);
    need(device.download(all.data(), guarded[i].memory, all.size()));
    auto isGuard = [](char byte) { return static_cast<unsigned char>(byte) == guardByte; };
    outcome.guardsIntact &= std::all_of(all.begin(), all.begin() + guardBytes, isGuard) &&
                            std::all_of(all.end() - guardBytes, all.end(), isGuard);
    const char *content = all.data() + guardBytes;
    if (i < attention.buffers.size()) {
      const auto *values = reinterpret_cast<const uint16_t *>(content);
      outcome.buffers.emplace_back(values, values + attention.buffers[i].size());
    } else {
      const auto *values = reinterpret_cast<const float *>(content);
      outcome.lse.assign(values, values + lseCount(attention));
    }
  }

  // The buffers as they were, with the rows of o as they are, must be the buffers as they are.
  std::vector<std::vector<uint16_t>> expected = attention.buffers;
  const TensorPlace &o = attention.memory.o;
  const AttentionShape &shape = attention.problem.shape();
  const std::vector<uint16_t> &from = outcome.buffers[size_t(o.buffer)];
  std::vector<uint16_t> &to = expected[size_t(o.buffer)];
  for (int64_t batch = 0; batch < shape.batch; ++batch)
    for (int64_t head = 0; head < shape.heads; ++head)
      for (int64_t token = 0; token < attention.queries(); ++token) {
        auto at = std::ptrdiff_t(o.at(batch, token, head));
        std::copy_n(from.begin() + at, shape.headDim, to.begin() + at);
      }
  outcome.restIntact = expected == outcome.buffers;
  return outcome;
}

Outcome GpuAttention::run(const Kernel &kernel) {
  upload();
  need(launch(kernel));
  need(device.synchronize());
  return download();
}

} // namespace halftone::test
