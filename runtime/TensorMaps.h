#pragma once

#include "runtime/Arguments.h"
#include "runtime/Driver.h"
#include "runtime/Image.h"

namespace halftone {

/// The tensor maps that a Hopper kernel takes after its arguments, 128 bytes each: queries, keys
/// and values by tiles, keys and values by chunks. A map holds its tensor's address and strides.
struct TensorMaps {
  struct alignas(64) Map {
    unsigned char bytes[128];
  };
  Map query, key, value, keyChunk, valueChunk;

  /// Encodes them for one launch; host work only. `batch` and `kvHeads` are the tensors' sizes.
  static Result<TensorMaps> encode(const Driver &driver, const KernelArguments &arguments,
                                   const Image &image, int64_t batch, int64_t heads,
                                   int64_t kvHeads);
};

} // namespace halftone
