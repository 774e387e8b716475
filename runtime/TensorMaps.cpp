#include "runtime/TensorMaps.h"

#include "dsl/Problem.h"
#include "dsl/Schedule.h"
#include "runtime/GatheredStages.h"

#include <algorithm>
#include <string>

namespace halftone {
namespace {

/// Columns of a box: 128 bytes, the span of the swizzle.
constexpr uint32_t panelColumns = 64;
constexpr int64_t elementSize = 2;
/// Strides of a map are below 2^40 bytes.
constexpr int64_t strideLimit = (int64_t{1} << 40) / elementSize;

/// A tensor and the sizes of its axes.
struct Source {
  const char *name;
  const TensorArgument &tensor;
  Element element;
  int64_t headDim, tokens, heads, batch;
};

struct Axis {
  const char *stride;
  int64_t extent, elements;
};

/// The bytes between two elements of an axis. One of a single element is never walked: it gets the
/// stride of packed rows, whatever the caller's is.
Result<uint64_t> strideBytes(const Source &source, const Axis &axis) {
  if (axis.extent == 1)
    return uint64_t((source.headDim * elementSize + 15) / 16 * 16);
  if (axis.elements < 0 || axis.elements >= strideLimit)
    return misuse(std::string(axis.stride) + " of tensor " + source.name + " is " +
                      std::to_string(axis.elements) +
                      " elements, and sm_90a reads by strides of 0 to " +
                      std::to_string(strideLimit - 1),
                  "copy the tensor to a packed one");
  return uint64_t(axis.elements * elementSize);
}

Status encodeBox(const Driver &driver, const Source &source, int64_t rows, TensorMaps::Map &map) {
  const TensorArgument &tensor = source.tensor;
  uint64_t strides[3];
  size_t count = 0;
  for (const Axis &axis : {Axis{"tokenStride", source.tokens, tensor.tokenStride},
                           Axis{"headStride", source.heads, tensor.headStride},
                           Axis{"batchStride", source.batch, tensor.batchStride}}) {
    Result<uint64_t> bytes = strideBytes(source, axis);
    if (!bytes)
      return bytes.error();
    strides[count++] = *bytes;
  }
  const uint64_t dimensions[4] = {uint64_t(source.headDim), uint64_t(source.tokens),
                                  uint64_t(source.heads), uint64_t(source.batch)};
  const uint32_t box[4] = {panelColumns, uint32_t(rows), 1, 1}, steps[4] = {1, 1, 1, 1};
  cuda::Status status = driver.tensorMapEncodeTiled(
      &map, source.element == Element::BF16 ? cuda::tensorMapBf16 : cuda::tensorMapF16, 4,
      tensor.data, dimensions, strides, box, steps, cuda::tensorMapNoInterleave,
      cuda::tensorMapSwizzle128, cuda::tensorMapPromotion256, cuda::tensorMapZeroFill);
  if (status == cuda::success)
    return {};
  Error error = driver.error(status, std::string("describe tensor ") + source.name + " to the GPU");
  error.code = ErrorCode::Unsupported;
  error.fix = "copy the tensor to a packed one";
  return error;
}

} // namespace

Result<TensorMaps> TensorMaps::encode(const Driver &driver, const KernelArguments &arguments,
                                      const Problem &problem, const Schedule &schedule) {
  const AttentionShape &shape = problem.shape();
  int64_t queries = problem.query().tokenCount(), keys = problem.key().tokenCount();
  const Source q{"q", arguments.q, shape.element, shape.headDim, queries, shape.heads, shape.batch};
  const Source k{"k",  arguments.k,       shape.element, shape.headDim,
                 keys, problem.kvHeads(), shape.batch};
  const Source v{"v",  arguments.v,       shape.element, shape.headDim,
                 keys, problem.kvHeads(), shape.batch};
  TensorMaps maps = {};
  struct Wanted {
    const Source &source;
    int64_t rows;
    Map &map;
  };
  auto encodeAll = [&](std::initializer_list<Wanted> all) -> Status {
    for (const Wanted &wanted : all)
      if (Status status = encodeBox(driver, wanted.source, wanted.rows, wanted.map); !status)
        return status;
    return {};
  };
  Status status = encodeAll({{q, schedule.tileQ, maps.query},
                             {k, schedule.tileK, maps.key},
                             {v, schedule.tileK, maps.value},
                             {k, schedule.gather, maps.keyChunk},
                             {v, schedule.gather, maps.valueChunk}});
  if (status && hasHalves(schedule.tileK / schedule.gather))
    status =
        encodeAll({{k, schedule.tileK / 2, maps.keyHalf}, {v, schedule.tileK / 2, maps.valueHalf}});
  if (!status)
    return status.error();
  return maps;
}

std::array<void *, 8> launchParameters(KernelArguments &arguments, TensorMaps &maps) {
  return {&arguments,    &maps.query,     &maps.key,      &maps.value,
          &maps.keyHalf, &maps.valueHalf, &maps.keyChunk, &maps.valueChunk};
}

Result<TensorMaps> TensorMapCache::get(const Driver &driver, const KernelArguments &arguments,
                                       const Problem &problem, const Schedule &schedule) const {
  const TensorArgument wanted[3] = {arguments.q, arguments.k, arguments.v};
  {
    std::lock_guard lock(mutex);
    if (std::equal(wanted, wanted + 3, tensors))
      return maps;
  }
  Result<TensorMaps> made = TensorMaps::encode(driver, arguments, problem, schedule);
  if (made) {
    std::lock_guard lock(mutex);
    std::copy(wanted, wanted + 3, tensors);
    maps = *made;
  }
  return made;
}

} // namespace halftone
