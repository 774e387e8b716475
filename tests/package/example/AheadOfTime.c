/* Runs kernels that were compiled ahead of time, from C: on the CPU against a slow sum, at the
 * length that it was compiled for and at another; and asks for a GPU, which need not be there. */
#include "band_cpu.h"
#include "band_gpu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { heads = 2, dim = 64, reach = 40 };

static int failed(const char *what, halftone_error *error) {
  fprintf(stderr, "%s: %s\n", what, halftone_error_text(error));
  halftone_error_free(error);
  return 1;
}

static float *values(int tokens, int seed) {
  float *all = malloc(sizeof(float) * (size_t)(tokens * heads * dim));
  for (int i = 0; i < tokens * heads * dim; ++i)
    all[i] = sinf(0.37f * (float)i + (float)seed);
  return all;
}

/* The largest difference from attention computed one row at a time in double. */
static double worstError(int tokens, const float *q, const float *k, const float *v,
                         const float *o) {
  double worst = 0;
  for (int row = 0; row < tokens; ++row)
    for (int head = 0; head < heads; ++head) {
      double sum = 0, out[dim] = {0};
      for (int key = row > reach ? row - reach : 0; key <= row + reach && key < tokens; ++key) {
        double score = 0;
        for (int d = 0; d < dim; ++d)
          score += (double)q[(row * heads + head) * dim + d] * k[(key * heads + head) * dim + d];
        double weight = exp(score / 8);
        sum += weight;
        for (int d = 0; d < dim; ++d)
          out[d] += weight * v[(key * heads + head) * dim + d];
      }
      for (int d = 0; d < dim; ++d) {
        double error = fabs(out[d] / sum - o[(row * heads + head) * dim + d]);
        worst = error > worst ? error : worst;
      }
    }
  return worst;
}

int main(void) {
  halftone_error *error = NULL;
  /* The kernel for another length, from the same code. */
  char longer[1024];
  const char *at = strstr(band_cpu_problem, "sequence(300)");
  if (!at || strlen(band_cpu_problem) >= sizeof longer)
    return 1;
  strcpy(longer, band_cpu_problem);
  for (char *p = longer; (p = strstr(p, "sequence(300)")); ++p)
    p[9] = '5';
  halftone_problem *problem = NULL;
  halftone_kernel *kernel = NULL;
  if (halftone_problem_parse(longer, strlen(longer), &problem, &error) != HALFTONE_OK)
    return failed("parse", error);
  if (band_cpu_kernel(HALFTONE_CPU, problem, &kernel, &error) != HALFTONE_OK)
    return failed("band_cpu_kernel", error);

  for (int tokens = 300; tokens <= 500; tokens += 200) {
    float *q = values(tokens, 1), *k = values(tokens, 2), *v = values(tokens, 3);
    float *o = values(tokens, 4);
    int64_t batch = (int64_t)tokens * heads * dim;
    halftone_tensor Q = {q, batch, heads * dim, dim}, K = {k, batch, heads * dim, dim};
    halftone_tensor V = {v, batch, heads * dim, dim}, O = {o, batch, heads * dim, dim};
    halftone_status status =
        tokens == 300 ? band_cpu_launch(HALFTONE_CPU, &Q, &K, &V, &O, NULL, NULL, &error)
                      : halftone_kernel_launch(kernel, &Q, &K, &V, &O, NULL, NULL, &error);
    if (status != HALFTONE_OK)
      return failed("launch", error);
    double worst = worstError(tokens, q, k, v, o);
    printf("%d tokens: %s, error %g\n", tokens, worst < 1e-5 ? "matches" : "WRONG", worst);
    if (!(worst < 1e-5))
      return 1;
    free(q), free(k), free(v), free(o);
  }
  halftone_kernel_free(kernel);
  halftone_problem_free(problem);
  band_cpu_unload();

  /* No code for the CPU in the one for GPUs: an error, not a crash. */
  if (band_gpu_kernel(HALFTONE_CPU, NULL, &kernel, &error) != HALFTONE_UNSUPPORTED)
    return failed("band_gpu_kernel on the CPU should be unsupported", error);
  puts(halftone_error_text(error));
  halftone_error_free(error);
  halftone_status status = band_gpu_kernel(0, NULL, &kernel, &error);
  printf("GPU 0: %s\n", status == HALFTONE_OK ? "loaded" : halftone_error_text(error));
  halftone_error_free(error);
  halftone_kernel_free(kernel);
  band_gpu_unload();
  return status == HALFTONE_OK || status == HALFTONE_NO_DEVICE ? 0 : 1;
}
