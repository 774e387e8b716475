/* c_abi <cpu image> <gpu image> <sm_90a image>: the C interface from C11, against the shared
 * library alone. */

#include "runtime/halftone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

#define EXPECT(condition)                                                                          \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "CAbi.c:%d: expected %s\n", __LINE__, #condition);                           \
      ++failures;                                                                                  \
    }                                                                                              \
  } while (0)

/* Whether `status` is `wanted` and the error, which is freed, says `text`. */
static int fails(halftone_status status, halftone_status wanted, halftone_error *error,
                 const char *text) {
  int same = status == wanted && error && halftone_error_status(error) == wanted &&
             strcmp(halftone_error_text(error), text) == 0;
  if (!same)
    fprintf(stderr, "status %d: %s\n", status, halftone_error_text(error));
  halftone_error_free(error);
  return same;
}

static char *readFile(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file)
    return NULL;
  char *bytes = malloc(1 << 20);
  *length = bytes ? fread(bytes, 1, 1 << 20, file) : 0;
  fclose(file);
  return bytes;
}

static halftone_problem *parse(const char *text) {
  halftone_problem *problem = NULL;
  halftone_error *error = NULL;
  if (halftone_problem_parse(text, strlen(text), &problem, &error) != HALFTONE_OK)
    fprintf(stderr, "%s\n", halftone_error_text(error));
  halftone_error_free(error);
  return problem;
}

static int64_t itemsRun;
static void countItems(const void *arguments, int64_t begin, int64_t end, void *scratch) {
  (void)arguments;
  EXPECT(scratch != NULL);
  itemsRun += end - begin;
}

#define CAUSAL(length)                                                                             \
  "attention query=sequence(" length ") key=sequence(" length ") batch=1 heads=2 kv_heads=2 "      \
  "head_dim=64 element=f32 lse=1 where k.index <= q.index"

static void problems(void) {
  halftone_error *error = NULL;
  halftone_problem *problem = parse(CAUSAL("64"));
  halftone_shape shape = halftone_problem_shape(problem);
  EXPECT(shape.batch == 1 && shape.queries == 64 && shape.keys == 64 && shape.heads == 2);
  EXPECT(shape.kv_heads == 2 && shape.head_dim == 64 && shape.element_bytes == 4);
  halftone_problem *again = parse(halftone_problem_text(problem));
  EXPECT(again && strcmp(halftone_problem_text(again), halftone_problem_text(problem)) == 0);
  halftone_problem_free(again);
  halftone_problem_free(problem);

  halftone_status status = halftone_problem_parse("nonsense", 8, &problem, &error);
  EXPECT(status == HALFTONE_MISUSE && problem == NULL);
  EXPECT(error && strstr(halftone_error_text(error), "column 1"));
  halftone_error_free(error);
  EXPECT(halftone_problem_parse("nonsense", 8, &problem, NULL) == HALFTONE_MISUSE);
  status = halftone_problem_parse(NULL, 0, &problem, &error);
  EXPECT(fails(status, HALFTONE_MISUSE, error,
               "the argument 'text' is null; pass a valid handle or pointer"));
  status = halftone_problem_parse("x", 1, NULL, &error);
  EXPECT(fails(status, HALFTONE_MISUSE, error,
               "the pointer that receives the result is null; pass the address of one"));
}

static void cpu(const char *path) {
  halftone_error *error = NULL;
  size_t length = 0;
  char *bytes = readFile(path, &length);
  halftone_image *image = NULL;
  EXPECT(halftone_image_read(bytes, length, &image, &error) == HALFTONE_OK && image && !error);
  size_t needed = 0, written = 0;
  EXPECT(halftone_image_write(image, NULL, 0, &needed, &error) == HALFTONE_OK && needed == length);
  char *copy = malloc(length);
  EXPECT(halftone_image_write(image, copy, length, &written, &error) == HALFTONE_OK);
  EXPECT(written == length && memcmp(copy, bytes, length) == 0);
  free(copy);
  halftone_image *half = image;
  halftone_status status = halftone_image_read(bytes, length / 2, &half, &error);
  EXPECT(half == NULL);
  EXPECT(fails(status, HALFTONE_FILE, error,
               "not a whole Halftone image: its checksum does not match; compile it again"));
  free(bytes);

  halftone_problem *problem = parse(CAUSAL("64")), *longer = parse(CAUSAL("200"));
  halftone_kernel *kernel = NULL, *replanned = NULL;
  EXPECT(halftone_kernel_on_cpu(image, problem, countItems, 1, &kernel, &error) == HALFTONE_OK);
  EXPECT(halftone_kernel_replan(kernel, longer, &replanned, &error) == HALFTONE_OK);
  halftone_image_free(image);
  halftone_problem_free(problem);
  halftone_problem_free(longer);

  static float memory[200 * 2 * 64], lse[2 * 200];
  halftone_tensor tensor = {memory, 200 * 128, 128, 64};
  EXPECT(halftone_kernel_launch(kernel, &tensor, &tensor, &tensor, &tensor, lse, NULL, &error) ==
         HALFTONE_OK);
  EXPECT(itemsRun == 2);
  itemsRun = 0;
  EXPECT(halftone_kernel_launch(replanned, &tensor, &tensor, &tensor, &tensor, lse, NULL, &error) ==
         HALFTONE_OK);
  EXPECT(itemsRun == 8);
  EXPECT(halftone_kernel_workspace_bytes(kernel) == 0);
  status = halftone_kernel_launch(kernel, &tensor, &tensor, &tensor, &tensor, NULL, NULL, &error);
  EXPECT(fails(status, HALFTONE_MISUSE, error,
               "the problem asks for the log-sum-exp, and lse is null; pass a buffer of batch * "
               "heads * queries floats, or build the problem without lse"));
  status = halftone_kernel_launch(kernel, &tensor, NULL, &tensor, &tensor, lse, NULL, &error);
  EXPECT(fails(status, HALFTONE_MISUSE, error,
               "the argument 'k' is null; pass a valid handle or pointer"));
  halftone_kernel_free(replanned);
  halftone_kernel_free(kernel);
}

static void gpu(const char *path) {
  halftone_error *error = NULL;
  size_t length = 0;
  char *bytes = readFile(path, &length);
  halftone_image *image = NULL;
  halftone_device *device = NULL, *missing = NULL;
  halftone_kernel *kernel = NULL;
  halftone_problem *problem =
      parse("attention query=sequence(64) key=sequence(64) batch=1 heads=2 kv_heads=2 head_dim=64 "
            "element=bf16 lse=1 where k.index <= q.index");
  EXPECT(halftone_image_read(bytes, length, &image, &error) == HALFTONE_OK);
  free(bytes);
  EXPECT(halftone_device_gpu(0, &device, &error) == HALFTONE_OK);
  EXPECT(halftone_device_compute_capability(device) == 90);
  halftone_status status = halftone_device_gpu(7, &missing, &error);
  EXPECT(fails(status, HALFTONE_NO_DEVICE, error,
               "there is no GPU 7: this machine has 1; GPUs are numbered from 0"));
  EXPECT(halftone_kernel_load(image, problem, device, &kernel, &error) == HALFTONE_OK);
  halftone_image_free(image);
  halftone_problem_free(problem);
  halftone_device_free(device);
  EXPECT(halftone_kernel_workspace_bytes(kernel) > 0);
  _Alignas(16) static char memory[16];
  halftone_tensor tensor = {memory, 0, 128, 64};
  float lse;
  EXPECT(halftone_kernel_launch(kernel, &tensor, &tensor, &tensor, &tensor, &lse, NULL, &error) ==
         HALFTONE_OK);
  halftone_kernel_free(kernel);
}

int main(int count, char **arguments) {
  if (count != 4)
    return 2;
  EXPECT(halftone_version() == 100);
  EXPECT(halftone_error_status(NULL) == HALFTONE_OK && *halftone_error_text(NULL) == 0);
  halftone_error_free(NULL);
  halftone_kernel_free(NULL);
  problems();
  cpu(arguments[1]);
  gpu(arguments[2]);
  gpu(arguments[3]);
  if (failures)
    fprintf(stderr, "%d failures\n", failures);
  return failures != 0;
}
