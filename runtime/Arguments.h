#pragma once

#include <cstdint>

namespace halftone {

/// One query tile of one head: what a thread block (or a CPU thread) takes at once. The order of
/// the work list is the schedule. 32 bytes.
struct WorkItem {
  uint32_t query; ///< first query row
  uint32_t head;  ///< query head
  uint32_t batch;
  uint32_t first;   ///< number of its first stage in `stages`
  uint32_t full;    ///< stages whose every pair is kept (but see `columns`); they come first
  uint32_t partial; ///< stages in which the mask must be evaluated; they follow
  uint16_t columns; ///< of gathered stages: keys of the first one, which padding follows; else 0
  /// In a cluster, items 2 i and 2 i + 1: so many full stages are the other block's, too. They come
  /// first of gathered stages by warp group, and of others after the first one.
  uint16_t shared;
  /// Of gathered stages: the last so many partial ones hold keys that maybe no query attends to. A
  /// NaN in such a value row must not reach the output, though its weight is 0.
  uint32_t clearing;
};
static_assert(sizeof(WorkItem) == 32);

/// Strides in elements; the innermost stride is 1.
struct TensorArgument {
  void *data;
  int64_t batchStride, headStride, tokenStride;
  bool operator==(const TensorArgument &) const = default;
};
static_assert(sizeof(TensorArgument) == 32);

/// What every compiled forward kernel takes, on every target: one block of 256 bytes, passed by
/// pointer on the CPU and by value (a grid constant) on a GPU. codegen reads it by these offsets
/// (codegen/ArgumentLayout.h), so fields are only ever appended.
struct KernelArguments {
  TensorArgument q, k, v, o;             ///< 0, 32, 64, 96
  float *lse;                            ///< 128; [batch][head][S_q], may be null
  int64_t lseBatchStride, lseHeadStride; ///< 136, 144
  const WorkItem *work;                  ///< 152
  const uint32_t *stages;                ///< 160; Image::planFormat says what a stage is
  const int64_t *constants;              ///< 168; Program::constants
  const int32_t *tables;                 ///< 176; Program::tables
  const float *slopes;                   ///< 184; [bias][head] coefficients
  uint32_t queryLength, keyLength;       ///< 192, 196
  float scale;                           ///< 200; the score scale
  float softcap;                         ///< 204; 0 when there is none
  uint32_t headsPerKvHead;               ///< 208; heads / kvHeads
  uint32_t heads;                        ///< 212
  uint32_t workCount;                    ///< 216
  uint32_t reserved[9];                  ///< 220
};
static_assert(sizeof(KernelArguments) == 256);

/// A CPU kernel: runs work items [begin, end). `scratch` holds Image::scratchBytes bytes, aligned
/// to 64, private to the calling thread.
using CpuEntry = void (*)(const KernelArguments *arguments, int64_t begin, int64_t end,
                          void *scratch);

} // namespace halftone
