/* The C interface of the whole of Halftone: what halftone.h has, and the compiler, so that a
 * problem in text becomes a kernel that can be launched. The rules of halftone.h hold here too.
 * Link libhalftone, which has everything, and not libhalftone_runtime. */
#ifndef HALFTONE_COMPILE_H
#define HALFTONE_COMPILE_H

#include "runtime/halftone.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Compiles `problem` for `target`: "cpu", "sm_80", ... `schedule` is a text such as
 * "tileQ=128 tileK=64 stages=2 warps=4"; null: the one that always works.
 * An image serves every length of its problem; keep it with halftone_image_write(). */
halftone_status halftone_compile(const halftone_problem *problem, const char *target,
                                 const char *schedule, halftone_image **image,
                                 halftone_error **error);

/* From a problem to a kernel in one call: compiled for `device` (null: the CPU), loaded, planned.
 * Kernels are kept: the same problem again costs microseconds. */
halftone_status halftone_build(const halftone_problem *problem, const halftone_device *device,
                               halftone_kernel **kernel, halftone_error **error);

/* The same with the schedule that `halftone tune` found for the problem on `device`, or the nearest
 * result, or the schedule that always works. Where `reason` is not null, which and why is put there
 * as one line with a final zero, cut to `reason_bytes`, which then is at least 1. It never tunes.
 */
halftone_status halftone_tuned(const halftone_problem *problem, const halftone_device *device,
                               halftone_kernel **kernel, char *reason, size_t reason_bytes,
                               halftone_error **error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
