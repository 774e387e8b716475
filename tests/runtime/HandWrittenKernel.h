#pragma once

#include "runtime/Arguments.h"

#include <algorithm>
#include <cmath>
#include <limits>

/// Causal attention in fp32 as a compiled CPU kernel would do it, by hand: what the runtime's tests
/// call in place of generated code. Tiles are 64 x 32 and the head dim is 64.
inline void causalKernel(const halftone::KernelArguments *arguments, int64_t begin, int64_t end,
                         void *scratch) {
  constexpr uint32_t tileQ = 64, tileK = 32, headDim = 64;
  auto row = [](const halftone::TensorArgument &tensor, uint32_t batch, uint32_t head,
                uint32_t token) {
    return static_cast<float *>(tensor.data) + batch * tensor.batchStride +
           head * tensor.headStride + token * tensor.tokenStride;
  };
  for (int64_t number = begin; number < end; ++number) {
    const halftone::WorkItem &item = arguments->work[number];
    uint32_t kvHead = item.head / arguments->headsPerKvHead;
    uint32_t last = std::min(item.query + tileQ, arguments->queryLength);
    for (uint32_t query = item.query; query < last; ++query) {
      auto *sum = static_cast<float *>(scratch);
      std::fill_n(sum, headDim, 0.0f);
      float most = -std::numeric_limits<float>::infinity(), weight = 0;
      const float *q = row(arguments->q, item.batch, item.head, query);
      for (uint32_t entry = 0; entry < item.full + item.partial; ++entry) {
        uint32_t first = arguments->stages[item.first + entry];
        for (uint32_t key = first; key < std::min(first + tileK, arguments->keyLength); ++key) {
          if (entry >= item.full && key > query)
            continue;
          const float *k = row(arguments->k, item.batch, kvHead, key);
          float score = 0;
          for (uint32_t d = 0; d < headDim; ++d)
            score += q[d] * k[d];
          score *= arguments->scale;
          float higher = std::max(most, score), rescale = std::exp(most - higher);
          float share = std::exp(score - higher);
          const float *v = row(arguments->v, item.batch, kvHead, key);
          for (uint32_t d = 0; d < headDim; ++d)
            sum[d] = sum[d] * rescale + share * v[d];
          weight = weight * rescale + share;
          most = higher;
        }
      }
      float *o = row(arguments->o, item.batch, item.head, query);
      for (uint32_t d = 0; d < headDim; ++d)
        o[d] = weight > 0 ? sum[d] / weight : 0;
      if (arguments->lse)
        arguments->lse[item.batch * arguments->lseBatchStride +
                       item.head * arguments->lseHeadStride + query] = most + std::log(weight);
    }
  }
}
