/* Kernels that were compiled ahead of time and are part of a program's own data: what the C source
 * that `halftone compile --out` writes fills in and calls. A program calls the functions of the
 * generated header instead.
 *
 * Code is loaded, and the problem planned, on the first use on each device; that use must not be
 * inside a CUDA stream capture. Later launches neither allocate, synchronise nor touch a file. */
#ifndef HALFTONE_EMBEDDED_H
#define HALFTONE_EMBEDDED_H

#include "runtime/halftone.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The CPU, where a function takes the number of a GPU. */
#define HALFTONE_CPU (-1)

/* An image as halftone_image_read() takes it. */
typedef struct halftone_embedded_image {
  const unsigned char *bytes;
  size_t length;
  /* Of an image for the CPU: its function, which is linked into the program, and what it needs of a
   * CPU ("avx2,fma"). Else null. */
  halftone_cpu_entry entry;
  const char *cpu_features;
} halftone_embedded_image;

/* One problem and its code for several devices, in static storage. */
typedef struct halftone_embedded {
  const char *name;    /* for messages */
  const char *problem; /* canonical text */
  const halftone_embedded_image *images;
  size_t image_count;
  void *state; /* the library's own; null at first */
} halftone_embedded;

/* Runs it on GPU number `gpu`, or HALFTONE_CPU, as halftone_kernel_launch() does. Thread-safe. */
halftone_status halftone_embedded_launch(halftone_embedded *embedded, int gpu,
                                         const halftone_tensor *q, const halftone_tensor *k,
                                         const halftone_tensor *v, const halftone_tensor *o,
                                         float *lse, void *stream, halftone_error **error);
/* A kernel for `problem`, which is of the class of the embedded one (other lengths, frame counts,
 * decays, strides), or null: the embedded one itself. No compilation. Thread-safe. */
halftone_status halftone_embedded_kernel(halftone_embedded *embedded, int gpu,
                                         const halftone_problem *problem, halftone_kernel **kernel,
                                         halftone_error **error);
/* Gives back what was loaded; kernels that are still held keep theirs. The caller sees to it that
 * no other call on `embedded` is under way. */
void halftone_embedded_unload(halftone_embedded *embedded);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
