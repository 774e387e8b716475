#pragma once

#include "runtime/Arguments.h"

#include <cstddef>

namespace halftone::layout {

// Byte offsets in KernelArguments and WorkItem as generated code reads them. They are part of the
// plan's format: the assertions below keep a change of the struct from passing unnoticed.

constexpr int64_t query = 0, key = 32, value = 64, output = 96;                 ///< TensorArguments
constexpr int64_t data = 0, batchStride = 8, headStride = 16, tokenStride = 24; ///< in one of them
constexpr int64_t lse = 128, lseBatchStride = 136, lseHeadStride = 144;
constexpr int64_t work = 152, stages = 160, constants = 168, tables = 176, slopes = 184;
constexpr int64_t queryLength = 192, keyLength = 196, scale = 200, softcap = 204;
constexpr int64_t headsPerKvHead = 208, heads = 212, workCount = 216, keeps = 220, kept = 224;
constexpr int64_t constant = 256, argumentBytes = 768;

constexpr int64_t constantValue = 0, constantMultiplier = 8, constantShift = 12,
                  constantBytes = 16; ///< ConstantArgument

constexpr int64_t itemQuery = 0, itemHead = 4, itemBatch = 8, itemFirst = 12, itemFull = 16,
                  itemPartial = 20, itemColumns = 24, itemShared = 26, itemClearing = 28;
constexpr int64_t itemBytes = 32;

static_assert(offsetof(KernelArguments, q) == query && offsetof(KernelArguments, k) == key &&
              offsetof(KernelArguments, v) == value && offsetof(KernelArguments, o) == output);
static_assert(offsetof(TensorArgument, data) == data &&
              offsetof(TensorArgument, batchStride) == batchStride &&
              offsetof(TensorArgument, headStride) == headStride &&
              offsetof(TensorArgument, tokenStride) == tokenStride);
static_assert(offsetof(KernelArguments, lse) == lse &&
              offsetof(KernelArguments, lseBatchStride) == lseBatchStride &&
              offsetof(KernelArguments, lseHeadStride) == lseHeadStride);
static_assert(offsetof(KernelArguments, work) == work &&
              offsetof(KernelArguments, stages) == stages &&
              offsetof(KernelArguments, constants) == constants &&
              offsetof(KernelArguments, tables) == tables &&
              offsetof(KernelArguments, slopes) == slopes);
static_assert(offsetof(KernelArguments, queryLength) == queryLength &&
              offsetof(KernelArguments, keyLength) == keyLength &&
              offsetof(KernelArguments, scale) == scale &&
              offsetof(KernelArguments, softcap) == softcap);
static_assert(offsetof(KernelArguments, headsPerKvHead) == headsPerKvHead &&
              offsetof(KernelArguments, heads) == heads &&
              offsetof(KernelArguments, workCount) == workCount &&
              offsetof(KernelArguments, keeps) == keeps && offsetof(KernelArguments, kept) == kept);
static_assert(offsetof(KernelArguments, constant) == constant &&
              sizeof(KernelArguments) == argumentBytes);
static_assert(offsetof(ConstantArgument, value) == constantValue &&
              offsetof(ConstantArgument, multiplier) == constantMultiplier &&
              offsetof(ConstantArgument, shift) == constantShift &&
              sizeof(ConstantArgument) == constantBytes);
static_assert(offsetof(WorkItem, query) == itemQuery && offsetof(WorkItem, head) == itemHead &&
              offsetof(WorkItem, batch) == itemBatch && offsetof(WorkItem, first) == itemFirst &&
              offsetof(WorkItem, full) == itemFull && offsetof(WorkItem, partial) == itemPartial &&
              offsetof(WorkItem, columns) == itemColumns &&
              offsetof(WorkItem, shared) == itemShared &&
              offsetof(WorkItem, clearing) == itemClearing && sizeof(WorkItem) == itemBytes);

} // namespace halftone::layout
