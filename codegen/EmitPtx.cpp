#include "codegen/EmitPtx.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Target/LLVM/ModuleToObject.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"

#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <mutex>

extern "C" {
void LLVMInitializeNVPTXTargetInfo();
void LLVMInitializeNVPTXTarget();
void LLVMInitializeNVPTXTargetMC();
void LLVMInitializeNVPTXAsmPrinter();
}

using namespace mlir;

namespace halftone {
namespace {

/// The oldest PTX that has what is used, so that old drivers take it: 7.7 (CUDA 11.7) is the first
/// with parameters that may be addressed in place; newer architectures need their own.
StringRef ptxFeature(const Target &target) {
  int computeCapability = target.computeCapability;
  // 8.6 (CUDA 12.7) has bulk copies whose destination is an address of this block.
  if (target.kind == Target::Kind::Hop)
    return "+ptx86";
  if (computeCapability == 103 || computeCapability > 120)
    return "+ptx88";
  if (computeCapability == 120)
    return "+ptx87";
  if (computeCapability >= 100)
    return "+ptx86";
  if (computeCapability >= 89)
    return "+ptx78";
  return "+ptx77";
}

class PtxSerializer : public LLVM::ModuleToObject {
public:
  using ModuleToObject::ModuleToObject;

  /// MLIR 22's llvm.inline_asm cannot say that PTX text is convergent: ldmatrix is executed by a
  /// whole warp, so no copy of it may be made that only some lanes reach.
  void handleModulePreLink(llvm::Module &module) override {
    for (llvm::Function &function : module)
      for (llvm::Instruction &instruction : llvm::instructions(function))
        if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && call->isInlineAsm())
          call->setConvergent();
  }

  FailureOr<SmallVector<char, 0>> moduleToObject(llvm::Module &module) override {
    FailureOr<llvm::TargetMachine *> machine = getOrCreateTargetMachine();
    if (failed(machine))
      return failure();
    FailureOr<SmallString<0>> text =
        translateModuleToISA(module, **machine, [&] { return getOperation().emitError(); });
    if (failed(text))
      return failure();
    return SmallVector<char, 0>(text->begin(), text->end());
  }
};

void initializeNvptx() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

} // namespace

Result<std::string> emitPtx(ModuleOp module, const Target &target) {
  // A selection failure in LLVM ends the process, so an architecture that the code is not for is
  // refused here.
  if (!target.isGpu() || target.computeCapability < 80)
    return unsupported("there is no PTX for the target " + target.name,
                       "use sm_80 or a later architecture");
  initializeNvptx();
  registerBuiltinDialectTranslation(*module->getContext());
  registerLLVMDialectTranslation(*module->getContext());
  registerNVVMDialectTranslation(*module->getContext());

  std::string messages;
  ScopedDiagnosticHandler handler(module->getContext(), [&](Diagnostic &diagnostic) {
    messages += diagnostic.str() + "\n";
    return success();
  });
  // What hop emits is unrolled already: more passes give the same SASS, and take a third longer.
  int level = target.kind == Target::Kind::Hop ? 1 : 3;
  PtxSerializer serializer(*module, "nvptx64-nvidia-cuda", target.name, ptxFeature(target), level);
  std::optional<SmallVector<char, 0>> text = serializer.run();
  if (!text)
    return Error{ErrorCode::Internal, "PTX could not be generated: " + messages, {}, {}};
  return std::string(text->data(), text->size());
}

} // namespace halftone
