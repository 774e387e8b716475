#pragma once

#include "runtime/Kernel.h"
#include "runtime/halftone_embedded.h"

#include <map>
#include <mutex>

namespace halftone {

/// The images of one problem that are part of the program, and the kernels made of them so far, one
/// for each device. Thread-safe; one caller loads while others wait.
class EmbeddedKernel {
public:
  /// `embedded` outlives it.
  explicit EmbeddedKernel(const halftone_embedded &embedded) : embedded(embedded) {}

  /// The kernel of the embedded problem on GPU `gpu`, or on the CPU (HALFTONE_CPU).
  Result<Kernel> on(int gpu);

private:
  Status read();
  Result<Kernel> load(int gpu);
  Result<Kernel> loadForCpu();

  const halftone_embedded &embedded;
  std::mutex mutex;
  std::optional<Problem> problem;                   ///< once read
  std::vector<std::shared_ptr<const Image>> images; ///< once read, in their order
  std::map<int, Kernel> kernels;
};

/// The image that is fastest on a GPU of `computeCapability`, or null where none runs on it: code
/// of exactly its architecture first, then machine code, then PTX, which the driver compiles.
std::shared_ptr<const Image> bestImage(const std::vector<std::shared_ptr<const Image>> &images,
                                       int computeCapability);

} // namespace halftone
