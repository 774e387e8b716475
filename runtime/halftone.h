/* The C interface of Halftone's runtime: read a problem, load a compiled image, plan, launch. No
 * compiler is needed or linked; halftone_compile.h adds one.
 *
 * Every object is an opaque handle that the caller frees. Functions that can fail return a status,
 * leave their result null when they fail, and put an error object in `*error` where `error` is not
 * null; nothing else holds an error, so threads and libraries in one process do not disturb each
 * other. Handles may be used by several threads at once; freeing one is its owner's business.
 * Freeing null does nothing. No function throws or ends the process. */
#ifndef HALFTONE_H
#define HALFTONE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* What went wrong; the values are the exit codes of the `halftone` command, and stable. */
typedef enum halftone_status {
  HALFTONE_OK = 0,
  HALFTONE_RESULT_FAILED = 1,  /* a wrong answer, or slower than the limit asked for */
  HALFTONE_MISUSE = 2,         /* the caller's mistake */
  HALFTONE_UNSUPPORTED = 3,    /* a valid request that this library or machine cannot serve */
  HALFTONE_NO_DEVICE = 4,      /* no GPU, no driver, or one too old */
  HALFTONE_COMPILE_FAILED = 5, /* code generation, ptxas or the driver's compiler refused */
  HALFTONE_NO_CANDIDATE = 6,   /* the tuner found no valid schedule */
  HALFTONE_FILE = 7,           /* an image or file could not be read */
  HALFTONE_INTERNAL = 70       /* our own mistake */
} halftone_status;

typedef struct halftone_error halftone_error;
typedef struct halftone_problem halftone_problem;
typedef struct halftone_device halftone_device;
typedef struct halftone_image halftone_image;
typedef struct halftone_kernel halftone_kernel;

/* A tensor [batch, token, head, headDim] with strides in elements; the innermost stride is 1. On a
 * GPU `data` is a device pointer, and it and the strides of axes longer than 1 are multiples of 16
 * bytes; images for sm_90a take no negative strides of q, k and v. */
typedef struct halftone_tensor {
  void *data;
  int64_t batch_stride, token_stride, head_stride;
} halftone_tensor;

/* The sizes of a problem's tensors. element_bytes is 2 or 4. */
typedef struct halftone_shape {
  int64_t batch, queries, keys, heads, kv_heads, head_dim, element_bytes;
} halftone_shape;

/* The function of a compiled CPU image that was linked into the program. */
typedef void (*halftone_cpu_entry)(const void *arguments, int64_t begin, int64_t end,
                                   void *scratch);

/* 10000 * major + 100 * minor + patch of the library in use. A program built with one minor version
 * runs with every later one of the same major version. */
uint32_t halftone_version(void);

halftone_status halftone_error_status(const halftone_error *error);
/* One line; valid until the error is freed. */
const char *halftone_error_text(const halftone_error *error);
void halftone_error_free(halftone_error *error);

/* Reads the canonical text of a problem, for example
 * "attention query=sequence(1024) key=sequence(1024) batch=1 heads=8 kv_heads=8 head_dim=64
 *  element=bf16 lse=0 where q.index >= k.index" on one line. `length` is in bytes. */
halftone_status halftone_problem_parse(const char *text, size_t length, halftone_problem **problem,
                                       halftone_error **error);
halftone_shape halftone_problem_shape(const halftone_problem *problem);
/* The canonical text: what to keep, hash and send. Valid until the problem is freed. */
const char *halftone_problem_text(const halftone_problem *problem);
void halftone_problem_free(halftone_problem *problem);

halftone_status halftone_device_gpu(int ordinal, halftone_device **device, halftone_error **error);
/* 90 for sm_90. */
int halftone_device_compute_capability(const halftone_device *device);
void halftone_device_free(halftone_device *device);

/* Reads an image from the bytes of its file, which are copied. */
halftone_status halftone_image_read(const void *bytes, size_t length, halftone_image **image,
                                    halftone_error **error);
/* The bytes of an image's file, which halftone_image_read() reads: their number in `*length`, and
 * the bytes in `bytes` if it is not null and `capacity` is enough. */
halftone_status halftone_image_write(const halftone_image *image, void *bytes, size_t capacity,
                                     size_t *length, halftone_error **error);
void halftone_image_free(halftone_image *image);

/* Loads `image` on `device` and plans `problem` for it. The kernel keeps what it needs: problem,
 * device and image may be freed. */
halftone_status halftone_kernel_load(const halftone_image *image, const halftone_problem *problem,
                                     const halftone_device *device, halftone_kernel **kernel,
                                     halftone_error **error);
/* The same for the CPU, by the image's function. `threads` 0: all that the process may use. */
halftone_status halftone_kernel_on_cpu(const halftone_image *image, const halftone_problem *problem,
                                       halftone_cpu_entry entry, unsigned threads,
                                       halftone_kernel **kernel, halftone_error **error);
/* The same code planned for another problem of its class: no compilation. Masks that the code reads
 * as bits are evaluated on the GPU before it returns. */
halftone_status halftone_kernel_replan(const halftone_kernel *kernel,
                                       const halftone_problem *problem, halftone_kernel **replanned,
                                       halftone_error **error);
/* Device bytes that the kernel holds. A launch needs no others. */
size_t halftone_kernel_workspace_bytes(const halftone_kernel *kernel);
/* Runs it. On a GPU it is enqueued on `stream`, a CUstream (null: the default stream), without
 * allocating or synchronising, so that it can be captured in a CUDA graph; the kernel must outlive
 * the work and the graph. On the CPU it returns when done. `lse` may be null unless the problem
 * asks for it. */
halftone_status halftone_kernel_launch(const halftone_kernel *kernel, const halftone_tensor *q,
                                       const halftone_tensor *k, const halftone_tensor *v,
                                       const halftone_tensor *o, float *lse, void *stream,
                                       halftone_error **error);
void halftone_kernel_free(halftone_kernel *kernel);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
