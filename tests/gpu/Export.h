#pragma once

#include "tests/gpu/Attention.h"

namespace halftone::test {

/// Writes <folder>/<element>-<seed>.safetensors for compare_torch.py: q, k, v and the kernel's o as
/// [batch, heads, tokens, headDim] in their own type, the right answer in fp64, and `bias`, what is
/// added to every score in fp32: -infinity where the pair is not kept.
Status exportAttention(const std::string &folder, const RandomProblem &random,
                       const Attention &attention, const Outcome &outcome);

} // namespace halftone::test
