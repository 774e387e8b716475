#pragma once

#include "runtime/Arguments.h"
#include "runtime/Driver.h"

#include <array>
#include <mutex>

namespace halftone {

class Problem;
struct Schedule;

/// The tensor maps that a kernel of gathered stages takes after its arguments: what the copy engine
/// of sm_90 (TMA) knows of a tensor. Every map has the dimensions (column, token, head, batch) and
/// holds its tensor's address and strides; what lies outside arrives as zeros. The box of one copy
/// is 64 columns, 128 bytes, with their 16-byte units swizzled over that span, by the rows of a
/// query tile, a key tile, half of one or a chunk (CUDA driver API, cuTensorMapEncodeTiled).
struct TensorMaps {
  /// A CUtensorMap.
  struct alignas(64) Map {
    unsigned char bytes[128];
  };
  Map query, key, value, keyHalf, valueHalf, keyChunk, valueChunk;

  /// Encodes the maps of q, k and v of `arguments`; work of the host alone. Strides must be
  /// multiples of 16 bytes, from 0 to below 2^40 bytes, wherever an axis has more than one element.
  static Result<TensorMaps> encode(const Driver &driver, const KernelArguments &arguments,
                                   const Problem &problem, const Schedule &schedule);
};
static_assert(sizeof(TensorMaps) == 7 * 128);

/// What a launch of such a kernel passes, in order.
std::array<void *, 8> launchParameters(KernelArguments &arguments, TensorMaps &maps);

/// The maps of the last launch of one problem and schedule: a launch with the same tensors copies
/// them, any other encodes its own. Thread-safe.
class TensorMapCache {
public:
  Result<TensorMaps> get(const Driver &driver, const KernelArguments &arguments,
                         const Problem &problem, const Schedule &schedule) const;

private:
  mutable std::mutex mutex;
  mutable TensorArgument tensors[3] = {}; ///< no data: no maps yet
  mutable TensorMaps maps = {};
};

} // namespace halftone
