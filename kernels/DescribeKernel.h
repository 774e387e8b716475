#pragma once

#include "dsl/Problem.h"

/// What halftone_add_kernel() compiles: a source file of yours defines this function, and nothing
/// else in it matters to the build.
///
///     #include "kernels/DescribeKernel.h"
///
///     halftone::Problem describeKernel() {
///       using namespace halftone;
///       Layout clip = Layout::video({.frames = 21, .height = 45, .width = 80});
///       auto [q, k] = clip.tokens();
///       return attention(clip, {.heads = 40, .headDim = 128, .element = Element::BF16})
///           .where(abs(q.frame() - k.frame()) <= 1);
///     }
halftone::Problem describeKernel();
