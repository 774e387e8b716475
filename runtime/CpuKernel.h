#pragma once

#include "dsl/Error.h"
#include "runtime/Arguments.h"
#include "runtime/ThreadPool.h"

namespace halftone {

/// A compiled CPU kernel and the threads that run it.
struct CpuKernel {
  CpuEntry entry = nullptr;
  std::shared_ptr<void> keepAlive; ///< owns the code
  std::shared_ptr<ThreadPool> pool;
  size_t scratchBytes = 0;

  /// Runs all work items, handed out a few at a time in the order of the plan, so that the long
  /// ones that come first are not left for the end. Fails only where there is no memory for
  /// scratch.
  Status run(const KernelArguments &arguments) const;
};

} // namespace halftone
