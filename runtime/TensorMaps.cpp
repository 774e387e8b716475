#include "runtime/TensorMaps.h"

#include <string>

namespace halftone {
namespace {

/// One panel of a tile is 64 columns of 16 bits: the 128 bytes that the swizzle spans.
constexpr int64_t panelColumns = 64;

struct TensorSizes {
  int64_t headDim, tokens, heads, batch;
};

Status encodeOne(const Driver &driver, TensorMaps::Map &map, const TensorArgument &tensor,
                 const TensorSizes &sizes, Element element, int64_t rows, const char *name) {
  uint64_t dims[4] = {uint64_t(sizes.headDim), uint64_t(sizes.tokens), uint64_t(sizes.heads),
                      uint64_t(sizes.batch)};
  // A dimension of one element has no stride of its own, but the driver wants a valid one.
  auto bytes = [&](int64_t stride, int64_t count) {
    return count > 1 ? uint64_t(stride) * 2 : uint64_t(16);
  };
  uint64_t strides[3] = {bytes(tensor.tokenStride, sizes.tokens),
                         bytes(tensor.headStride, sizes.heads),
                         bytes(tensor.batchStride, sizes.batch)};
  uint32_t box[4] = {uint32_t(panelColumns), uint32_t(rows), 1, 1}, steps[4] = {1, 1, 1, 1};
  int type = element == Element::BF16 ? cuda::tensorBf16 : cuda::tensorF16;
  cuda::Status status = driver.tensorMapEncodeTiled(
      &map, type, 4, tensor.data, dims, strides, box, steps, /*interleave=*/0,
      cuda::tensorSwizzle128, cuda::tensorPromotion256, /*fill with zeros*/ 0);
  return driver.check(status, std::string("describe the tensor ") + name + " to the copy engine");
}

} // namespace

Result<TensorMaps> TensorMaps::encode(const Driver &driver, const KernelArguments &arguments,
                                      const Image &image, int64_t batch, int64_t heads,
                                      int64_t kvHeads) {
  TensorMaps maps;
  const Schedule &schedule = image.schedule;
  TensorSizes queries{image.headDim, arguments.queryLength, heads, batch};
  TensorSizes keys{image.headDim, arguments.keyLength, kvHeads, batch};
  struct Wanted {
    Map *map;
    const TensorArgument *tensor;
    const TensorSizes *sizes;
    int64_t rows;
    const char *name;
  } const all[] = {{&maps.query, &arguments.q, &queries, schedule.tileQ, "q"},
                   {&maps.key, &arguments.k, &keys, schedule.tileK, "k"},
                   {&maps.value, &arguments.v, &keys, schedule.tileK, "v"},
                   {&maps.keyChunk, &arguments.k, &keys, schedule.gather, "k"},
                   {&maps.valueChunk, &arguments.v, &keys, schedule.gather, "v"}};
  for (const Wanted &wanted : all)
    if (Status status = encodeOne(driver, *wanted.map, *wanted.tensor, *wanted.sizes, image.element,
                                  wanted.rows, wanted.name);
        !status)
      return status.error();
  return maps;
}

} // namespace halftone
