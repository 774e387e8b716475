/* The whole way from C11 on the CPU: a problem's text, a kernel, numbers that can be checked by
 * hand. */

#include "kernels/halftone_compile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

#define EXPECT(condition)                                                                          \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "CompileFromC.c:%d: expected %s\n", __LINE__, #condition);                   \
      ++failures;                                                                                  \
    }                                                                                              \
  } while (0)

enum { tokens = 70, heads = 2, headDim = 64, elements = tokens * heads * headDim };

static halftone_problem *parse(const char *text) {
  halftone_problem *problem = NULL;
  halftone_error *error = NULL;
  if (halftone_problem_parse(text, strlen(text), &problem, &error) != HALFTONE_OK)
    fprintf(stderr, "%s\n", halftone_error_text(error));
  halftone_error_free(error);
  return problem;
}

/* With k = 0 every score is 0: a causal row is the mean of the values up to it. */
static void check(halftone_kernel *kernel) {
  static float q[elements], k[elements], v[elements], o[elements], lse[heads * tokens];
  for (int i = 0; i < elements; ++i) {
    q[i] = 1;
    v[i] = (float)(i / (heads * headDim)) + (float)(i % headDim) / 64;
  }
  memset(o, 0, sizeof o);
  memset(lse, 0, sizeof lse);
  halftone_error *error = NULL;
  halftone_tensor tensors[4];
  float *data[4] = {q, k, v, o};
  for (int i = 0; i < 4; ++i)
    tensors[i] = (halftone_tensor){data[i], elements, heads * headDim, headDim};
  EXPECT(halftone_kernel_launch(kernel, &tensors[0], &tensors[1], &tensors[2], &tensors[3], lse,
                                NULL, &error) == HALFTONE_OK);
  for (int token = 0; token < tokens; ++token)
    for (int i = 0; i < heads * headDim; ++i) {
      float wanted = (float)token / 2 + (float)(i % headDim) / 64;
      EXPECT(fabsf(o[token * heads * headDim + i] - wanted) < 1e-4f);
    }
  for (int token = 0; token < tokens; ++token)
    EXPECT(fabsf(lse[tokens + token] - logf((float)token + 1)) < 1e-4f);
}

static void runs(const halftone_problem *problem) {
  halftone_kernel *kernel = NULL;
  halftone_error *error = NULL;
  halftone_status status = halftone_build(problem, NULL, &kernel, &error);
  if (status != HALFTONE_OK)
    fprintf(stderr, "%s\n", halftone_error_text(error));
  EXPECT(status == HALFTONE_OK);
  if (status == HALFTONE_OK)
    check(kernel);
  halftone_error_free(error);
  halftone_kernel_free(kernel);
}

static void runsTuned(const halftone_problem *problem) {
  halftone_kernel *kernel = NULL;
  halftone_error *error = NULL;
  char reason[200];
  EXPECT(halftone_tuned(problem, NULL, &kernel, reason, sizeof reason, &error) == HALFTONE_OK);
  EXPECT(kernel != NULL);
  /* Nothing was tuned in the cache of this test. */
  EXPECT(strstr(reason, "default schedule: not tuned") == reason);
  if (kernel)
    check(kernel);
  halftone_kernel_free(kernel);
  memset(reason, 'x', sizeof reason);
  EXPECT(halftone_tuned(problem, NULL, &kernel, reason, 8, NULL) == HALFTONE_OK);
  EXPECT(memcmp(reason, "default\0x", 9) == 0);
  halftone_kernel_free(kernel);
  EXPECT(halftone_tuned(problem, NULL, &kernel, NULL, 0, NULL) == HALFTONE_OK);
  halftone_kernel_free(kernel);
  EXPECT(halftone_tuned(problem, NULL, &kernel, reason, 0, &error) == HALFTONE_MISUSE);
  EXPECT(kernel == NULL && strstr(halftone_error_text(error), "reason_bytes is 0"));
  halftone_error_free(error);
  EXPECT(halftone_tuned(NULL, NULL, &kernel, NULL, 0, NULL) == HALFTONE_MISUSE);
}

int main(void) {
  halftone_problem *problem =
      parse("attention query=sequence(70) key=sequence(70) batch=1 heads=2 kv_heads=2 head_dim=64 "
            "element=f32 lse=1 where k.index <= q.index");
  EXPECT(problem != NULL);
  if (!problem)
    return 1;
  runs(problem);
  runsTuned(problem);

  halftone_error *error = NULL;
  halftone_image *image = NULL;
  EXPECT(halftone_compile(problem, "cpu", NULL, &image, &error) == HALFTONE_OK);
  size_t length = 0;
  EXPECT(halftone_image_write(image, NULL, 0, &length, &error) == HALFTONE_OK && length > 0);
  char *bytes = malloc(length);
  EXPECT(halftone_image_write(image, bytes, length, &length, &error) == HALFTONE_OK);
  halftone_image *read = NULL;
  EXPECT(halftone_image_read(bytes, length, &read, &error) == HALFTONE_OK);
  free(bytes);
  halftone_image_free(read);
  halftone_image_free(image);

  EXPECT(halftone_compile(problem, "sm_12", NULL, &image, &error) == HALFTONE_UNSUPPORTED);
  EXPECT(image == NULL && strstr(halftone_error_text(error), "sm_12"));
  halftone_error_free(error);
  EXPECT(halftone_compile(problem, "cpu", "tileQ=zero", &image, &error) == HALFTONE_MISUSE);
  halftone_error_free(error);
  EXPECT(halftone_compile(NULL, "cpu", NULL, &image, NULL) == HALFTONE_MISUSE);
  halftone_problem_free(problem);
  if (failures)
    fprintf(stderr, "%d failures\n", failures);
  return failures != 0;
}
