#pragma once

#include "codegen/Transforms/HopToNvvm/Emitter.h"

namespace halftone::hop {

struct Emitter::ThreadAnew {
  /// `zero` is 0, and no compiler can know: with one that an iteration of a loop computes, ptxas
  /// does not compute what follows from the thread's number ahead of the loop, for want of
  /// registers to hold it.
  explicit ThreadAnew(Emitter &emitter, mlir::Value zero = {})
      : emitter(emitter),
        before{emitter.thread, emitter.lane, emitter.warpInGroup, emitter.columnPair} {
    // Volatile, or LLVM would take the number that was read before.
    emitter.thread =
        emitter.assembly("mov.u32 $0, %tid.x;", "=r", {}, {emitter.builder.getI32Type()}).front();
    if (zero)
      emitter.thread = emitter.add(emitter.thread, zero);
    emitter.placeThread();
  }
  ~ThreadAnew() {
    emitter.thread = before[0];
    emitter.lane = before[1];
    emitter.warpInGroup = before[2];
    emitter.columnPair = before[3];
  }
  ThreadAnew(const ThreadAnew &) = delete;
  ThreadAnew &operator=(const ThreadAnew &) = delete;

private:
  Emitter &emitter;
  std::array<mlir::Value, 4> before;
};

} // namespace halftone::hop
