#pragma once

#include "cli/Safetensors.h"
#include "runtime/Kernel.h"

#include <array>
#include <vector>

namespace halftone::cli {

/// Order of the axes in memory: [batch, token, head, depth] or [batch, head, token, depth].
enum class AxisOrder : uint8_t { Bshd, Bhsd };

/// A packed tensor in host memory.
struct HostTensor {
  Element element = Element::F32;
  AxisOrder order = AxisOrder::Bshd;
  int64_t batch = 0, tokens = 0, heads = 0, headDim = 0;
  std::vector<char> bytes;

  static HostTensor zeros(Element element, AxisOrder order, int64_t batch, int64_t tokens,
                          int64_t heads, int64_t headDim);
  /// Independent values close to a normal distribution. They depend on `seed`, `stream` and the
  /// logical position only: not on the axis order, the element type or the number of threads.
  static HostTensor random(Element element, AxisOrder order, int64_t batch, int64_t tokens,
                           int64_t heads, int64_t headDim, uint64_t seed, uint64_t stream);
  /// The tensor `name` of a file, whose four axes are in `order`.
  static Result<HostTensor> read(const SafetensorsFile &file, std::string_view name,
                                 AxisOrder order);

  size_t elementCount() const { return size_t(batch * tokens * heads * headDim); }
  size_t index(int64_t batch, int64_t token, int64_t head) const;
  std::vector<int64_t> shape() const; ///< in memory order
  HostTensor converted(Element to) const;
  /// One head of one batch element as [token][depth] doubles.
  std::vector<double> head(int64_t batch, int64_t head) const;
  double greatestMagnitude(int64_t batch, int64_t head) const;
  /// The tensor as a kernel takes it, at `data` instead of `bytes`.
  TensorView view(void *data) const;
};

/// Whether a problem's three inputs would fit into size_t and this machine's memory; the error says
/// how much they need.
Status checkMemory(const Problem &problem);

} // namespace halftone::cli
