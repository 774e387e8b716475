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
  /// Of gathered stages: keys of the first one, which padding follows. By warp group: so many full
  /// stages, the first, are used by every group and have no padding. Else 0.
  uint16_t columns;
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

/// A constant of the pattern where a GPU reads it at no cost, and how to divide by it: of a number
/// n below 2^31, n / value is (2 n multiplier >> 32) >> shift. Both are 0 where the value is not in
/// [1, 2^31).
struct ConstantArgument {
  int64_t value;
  uint32_t multiplier, shift;
};
static_assert(sizeof(ConstantArgument) == 16);

/// Words of a page of kept pairs (KeptPairs): each of 128 threads has one for 64 keys of a stage.
constexpr int64_t keptPageWords(int64_t tileK) { return 128 * ((tileK + 63) / 64); }

constexpr int passedConstants = 32; ///< so many constants are passed; kernels load the others

/// What every compiled forward kernel takes, on every target: one block of 768 bytes, passed by
/// pointer on the CPU and by value (a grid constant) on a GPU. codegen reads it by these offsets
/// (codegen/ArgumentLayout.h), so fields are only ever appended.
struct KernelArguments {
  TensorArgument q, k, v, o;                  ///< 0, 32, 64, 96
  float *lse;                                 ///< 128; [batch][head][S_q], may be null
  int64_t lseBatchStride, lseHeadStride;      ///< 136, 144
  const WorkItem *work;                       ///< 152
  const uint32_t *stages;                     ///< 160; Image::planFormat says what a stage is
  const int64_t *constants;                   ///< 168; Program::constants
  const int32_t *tables;                      ///< 176; Program::tables
  const float *slopes;                        ///< 184; [bias][head] coefficients
  uint32_t queryLength, keyLength;            ///< 192, 196
  float scale;                                ///< 200; the score scale
  float softcap;                              ///< 204; 0 when there is none
  uint32_t headsPerKvHead;                    ///< 208; heads / kvHeads
  uint32_t heads;                             ///< 212
  uint32_t workCount;                         ///< 216
  uint32_t keeps;                             ///< 220; 1: write `kept`, and do nothing else
  uint32_t *kept;                             ///< 224; pages of bits (KeptPairs)
  uint32_t reserved[6];                       ///< 232
  ConstantArgument constant[passedConstants]; ///< 256; the first of Program::constants
};
static_assert(sizeof(KernelArguments) == 768);

/// A CPU kernel: runs work items [begin, end). `scratch` holds Image::scratchBytes bytes, aligned
/// to 64, private to the calling thread.
using CpuEntry = void (*)(const KernelArguments *arguments, int64_t begin, int64_t end,
                          void *scratch);

} // namespace halftone
