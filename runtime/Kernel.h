#pragma once

#include "runtime/Device.h"
#include "runtime/Image.h"
#include "runtime/Plan.h"

#include <memory>
#include <span>

namespace halftone {

/// A tensor as a user has it: logical [batch, token, head, headDim], any strides (in elements)
/// whose last is 1. On a GPU `data` is a device pointer, and it and the strides of axes longer than
/// 1 are multiples of 16 bytes; images for sm_90a take no negative ones of q, k and
/// v.
struct TensorView {
  void *data = nullptr;
  int64_t batchStride = 0, tokenStride = 0, headStride = 0;
};

/// [batch, token, head, headDim] and [batch, head, token, headDim] packed.
TensorView packedTokenMajor(void *data, int64_t tokens, int64_t heads, int64_t headDim);
TensorView packedHeadMajor(void *data, int64_t tokens, int64_t heads, int64_t headDim);

/// An image loaded for a device and planned for one problem: call it like a function. Thread-safe;
/// a launch neither allocates, synchronises nor touches a file.
class Kernel {
public:
  /// Loads `image` on `device` (once per image and device) and uploads the plan of `problem`.
  static Result<Kernel> load(std::shared_ptr<const Image> image, const Problem &problem,
                             const Device &device);
  /// A CPU kernel whose code is already in memory; `keepAlive` owns it.
  static Result<Kernel> onCpu(std::shared_ptr<const Image> image, const Problem &problem,
                              CpuEntry entry, std::shared_ptr<void> keepAlive,
                              unsigned threads = 0);

  /// The same code planned for another problem of its class: no compilation.
  Result<Kernel> replan(const Problem &problem) const;

  /// Runs it: on a GPU enqueues on `stream` (a CUstream; null: the default stream), on the CPU
  /// returns when done. `lse` may be null unless the problem asks for it.
  Status operator()(TensorView q, TensorView k, TensorView v, TensorView o, float *lse = nullptr,
                    void *stream = nullptr) const;

  const Image &image() const;
  const Plan &plan() const;
  const Problem &problem() const;
  /// Device bytes that the plan takes, and what was evaluated for it (KeptPairs).
  size_t workspaceBytes() const;

private:
  struct State;
  explicit Kernel(std::shared_ptr<const State> state) : state(std::move(state)) {}
  std::shared_ptr<const State> state;
};

} // namespace halftone
