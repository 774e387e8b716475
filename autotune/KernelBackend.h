#pragma once

#include "autotune/Backend.h"

#include <memory>

namespace halftone {

/// The worker on real devices: compiles by codegen, loads, verifies and times by the runtime, on
/// the CPU or a GPU.
std::unique_ptr<Backend> makeKernelBackend();

} // namespace halftone
