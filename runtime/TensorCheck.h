#pragma once

#include "runtime/Kernel.h"

namespace halftone {

/// Whether the tensors of a launch are ones that the kernel of `problem` can take: data where there
/// must be, and addresses and strides (of axes longer than 1) that are multiples of `alignment`
/// bytes. The error names the tensor and the stride.
Status checkTensors(const Problem &problem, int64_t alignment, const TensorView &q,
                    const TensorView &k, const TensorView &v, const TensorView &o,
                    const float *lse);

} // namespace halftone
