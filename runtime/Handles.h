#pragma once

#include "runtime/Kernel.h"
#include "runtime/halftone.h"

#include <exception>
#include <new>

// What the handles of the C interface hold, for halftone.cpp and its sister in kernels/.

struct halftone_error {
  halftone_status status = HALFTONE_INTERNAL;
  std::string text;
};

struct halftone_problem {
  halftone::Problem problem;
  std::string text;
};

struct halftone_device {
  halftone::Device device;
};

struct halftone_image {
  std::shared_ptr<const halftone::Image> image;
};

struct halftone_kernel {
  halftone::Kernel kernel;
};

namespace halftone {

/// Puts `failure` where the caller of a C function wants it. Gives the status alone where there is
/// no memory for the text.
halftone_status report(const Error &failure, halftone_error **error) noexcept;

/// Runs the body of a C function. What the standard library throws (memory) becomes an error:
/// nothing passes through C.
template <typename Body> halftone_status guarded(halftone_error **error, Body body) noexcept {
  if (error)
    *error = nullptr;
  try {
    Status status = body();
    return status ? HALFTONE_OK : report(status.error(), error);
  } catch (const std::bad_alloc &) {
    return report(unsupported("the host is out of memory", "free memory"), error);
  } catch (const std::exception &thrown) {
    return report({ErrorCode::Internal, thrown.what(), {}, {}}, error);
  } catch (...) {
    return report({ErrorCode::Internal, "an unknown exception", {}, {}}, error);
  }
}

/// Runs the body of a C function, which returns a Result of the handle's content, and fills the
/// handle.
template <typename Handle, typename Body>
halftone_status makeHandle(Handle **handle, halftone_error **error, Body body) noexcept {
  if (handle)
    *handle = nullptr;
  return guarded(error, [&]() -> Status {
    if (!handle)
      return misuse("the pointer that receives the result is null", "pass the address of one");
    auto made = body();
    if (!made)
      return made.error();
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): guarded() handles it
    *handle = new Handle(std::move(*made));
    return {};
  });
}

/// One function for both declarations of a CPU kernel's function: they differ in the pointer's type
/// alone.
inline CpuEntry cpuEntry(halftone_cpu_entry entry) { return reinterpret_cast<CpuEntry>(entry); }

/// The error of a null argument.
Error nullArgument(const char *name);

/// Launches as halftone_kernel_launch() says.
Status launch(const Kernel &kernel, const halftone_tensor *q, const halftone_tensor *k,
              const halftone_tensor *v, const halftone_tensor *o, float *lse, void *stream);

} // namespace halftone
