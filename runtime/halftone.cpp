#include "runtime/halftone.h"

#include "dsl/Parse.h"
#include "runtime/Handles.h"

#include <cstring>

using namespace halftone;

halftone_status halftone::report(const Error &failure, halftone_error **error) noexcept {
  auto status = halftone_status(int(failure.code));
  if (!error)
    return status;
  try {
    *error = new halftone_error{status, failure.text()};
  } catch (...) {
    *error = nullptr;
  }
  return status;
}

Error halftone::nullArgument(const char *name) {
  return misuse(std::string("the argument '") + name + "' is null",
                "pass a valid handle or pointer");
}

uint32_t halftone_version(void) { return 100; }

halftone_status halftone_error_status(const halftone_error *error) {
  return error ? error->status : HALFTONE_OK;
}

const char *halftone_error_text(const halftone_error *error) {
  return error ? error->text.c_str() : "";
}

void halftone_error_free(halftone_error *error) { delete error; }

halftone_status halftone_problem_parse(const char *text, size_t length, halftone_problem **problem,
                                       halftone_error **error) {
  return makeHandle(problem, error, [&]() -> Result<halftone_problem> {
    if (!text)
      return nullArgument("text");
    Result<Problem> parsed = parseProblem({text, length});
    if (!parsed)
      return parsed.error();
    if (Status status = parsed->check(); !status)
      return status.error();
    std::string canonical = parsed->text();
    return halftone_problem{std::move(*parsed), std::move(canonical)};
  });
}

halftone_shape halftone_problem_shape(const halftone_problem *problem) {
  if (!problem)
    return {};
  const Problem &of = problem->problem;
  const AttentionShape &shape = of.shape();
  return {shape.batch,  of.query().tokenCount(), of.key().tokenCount(),      shape.heads,
          of.kvHeads(), shape.headDim,           elementBytes(shape.element)};
}

const char *halftone_problem_text(const halftone_problem *problem) {
  return problem ? problem->text.c_str() : "";
}

void halftone_problem_free(halftone_problem *problem) { delete problem; }

halftone_status halftone_device_gpu(int ordinal, halftone_device **device, halftone_error **error) {
  return makeHandle(device, error, [&]() -> Result<halftone_device> {
    Result<Device> gpu = Device::gpu(ordinal);
    if (!gpu)
      return gpu.error();
    return halftone_device{std::move(*gpu)};
  });
}

int halftone_device_compute_capability(const halftone_device *device) {
  return device ? device->device.computeCapability() : 0;
}

void halftone_device_free(halftone_device *device) { delete device; }

halftone_status halftone_image_read(const void *bytes, size_t length, halftone_image **image,
                                    halftone_error **error) {
  return makeHandle(image, error, [&]() -> Result<halftone_image> {
    if (!bytes)
      return nullArgument("bytes");
    Result<Image> read = readImage({static_cast<const char *>(bytes), length});
    if (!read)
      return read.error();
    return halftone_image{std::make_shared<const Image>(std::move(*read))};
  });
}

halftone_status halftone_image_write(const halftone_image *image, void *bytes, size_t capacity,
                                     size_t *length, halftone_error **error) {
  return guarded(error, [&]() -> Status {
    if (!image || !length)
      return nullArgument(!image ? "image" : "length");
    std::vector<char> file = writeImage(*image->image);
    *length = file.size();
    if (bytes && capacity >= file.size())
      std::memcpy(bytes, file.data(), file.size());
    return {};
  });
}

void halftone_image_free(halftone_image *image) { delete image; }

/// A kernel, or its error, as what a handle holds.
static Result<halftone_kernel> held(Result<Kernel> kernel) {
  if (!kernel)
    return kernel.error();
  return halftone_kernel{std::move(*kernel)};
}

halftone_status halftone_kernel_load(const halftone_image *image, const halftone_problem *problem,
                                     const halftone_device *device, halftone_kernel **kernel,
                                     halftone_error **error) {
  return makeHandle(kernel, error, [&]() -> Result<halftone_kernel> {
    if (!image || !problem || !device)
      return nullArgument(!image ? "image" : !problem ? "problem" : "device");
    return held(Kernel::load(image->image, problem->problem, device->device));
  });
}

halftone_status halftone_kernel_on_cpu(const halftone_image *image, const halftone_problem *problem,
                                       halftone_cpu_entry entry, unsigned threads,
                                       halftone_kernel **kernel, halftone_error **error) {
  return makeHandle(kernel, error, [&]() -> Result<halftone_kernel> {
    if (!image || !problem || !entry)
      return nullArgument(!image ? "image" : !problem ? "problem" : "entry");
    return held(Kernel::onCpu(image->image, problem->problem, cpuEntry(entry), nullptr, threads));
  });
}

halftone_status halftone_kernel_replan(const halftone_kernel *kernel,
                                       const halftone_problem *problem, halftone_kernel **replanned,
                                       halftone_error **error) {
  return makeHandle(replanned, error, [&]() -> Result<halftone_kernel> {
    if (!kernel || !problem)
      return nullArgument(!kernel ? "kernel" : "problem");
    return held(kernel->kernel.replan(problem->problem));
  });
}

size_t halftone_kernel_workspace_bytes(const halftone_kernel *kernel) {
  return kernel ? kernel->kernel.workspaceBytes() : 0;
}

static TensorView view(const halftone_tensor &tensor) {
  return {tensor.data, tensor.batch_stride, tensor.token_stride, tensor.head_stride};
}

Status halftone::launch(const Kernel &kernel, const halftone_tensor *q, const halftone_tensor *k,
                        const halftone_tensor *v, const halftone_tensor *o, float *lse,
                        void *stream) {
  if (!q || !k || !v || !o)
    return nullArgument(!q ? "q" : !k ? "k" : !v ? "v" : "o");
  return kernel(view(*q), view(*k), view(*v), view(*o), lse, stream);
}

halftone_status halftone_kernel_launch(const halftone_kernel *kernel, const halftone_tensor *q,
                                       const halftone_tensor *k, const halftone_tensor *v,
                                       const halftone_tensor *o, float *lse, void *stream,
                                       halftone_error **error) {
  return guarded(error, [&]() -> Status {
    if (!kernel)
      return nullArgument("kernel");
    return launch(kernel->kernel, q, k, v, o, lse, stream);
  });
}

void halftone_kernel_free(halftone_kernel *kernel) { delete kernel; }
