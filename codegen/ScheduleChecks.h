#pragma once

#include "codegen/Target.h"

namespace halftone {

// What the schedules of several targets are checked and chosen with.

/// `value` must be a multiple of `step` from `step` to `most`.
Status checkStep(const char *name, int64_t value, int64_t step, int64_t most);
/// A field that means nothing on the target must be left as it is.
Status checkUnused(const char *name, int64_t value, int64_t unset, const Target &target);
/// What the tensor cores can run: 16-bit elements, head dims in steps of 16.
Status checkTensorCores(const Problem &problem, const Target &target);
/// A block must fit in the shared memory; `nearest` is what to use instead.
Status checkShared(int64_t bytes, const Target &target, const Schedule &nearest);

/// The largest size from `size` down by halves that divides `block`, so that no tile is partial by
/// its cut alone; `size` itself where there is none of at least `least`.
int dividing(int size, int64_t block, int least);

} // namespace halftone
