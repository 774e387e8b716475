#include "codegen/Transforms/HopToNvvm/Emitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Pass/Pass.h"

namespace halftone {
#define GEN_PASS_DEF_HOPTONVVMPASS
#include "codegen/Passes.h.inc"
} // namespace halftone

using namespace mlir;

namespace {
class HopToNvvm : public halftone::impl::HopToNvvmPassBase<HopToNvvm> {
  void runOnOperation() override {
    SmallVector<halftone::hop::KernelOp> kernels;
    getOperation()->walk([&](halftone::hop::KernelOp kernel) { kernels.push_back(kernel); });
    for (halftone::hop::KernelOp kernel : kernels)
      if (failed(halftone::hop::Emitter(kernel).emit()))
        return signalPassFailure();
  }
};
} // namespace
