#pragma once

#include "codegen/Compile.h"
#include "codegen/Dump.h"
#include "dsl/Program.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/Timing.h"

namespace mlir {
class OpPassManager;
}

namespace halftone {

/// One problem on its way down through the levels. Each step takes the module one stage further,
/// and must follow those before it. A context of its own, without threads: compilations do not
/// meet.
class Compilation {
public:
  Compilation(const Problem &problem, const Schedule &schedule, const Target &target,
              const CompileOptions &options);

  /// Checks problem, schedule and target; the module is then ht.attention.
  Status import();
  /// ht.kernel.
  Status tile();
  /// sm_80 and up: the mma dialect.
  Status toMma();
  /// sm_90a: the hop dialect.
  Status toHop();
  /// The llvm dialect, on a GPU with nvvm.
  Status toLlvm();

  /// The first stages up to `level`, which is one of IR.
  Status reach(Level level);

  /// sm_90a: whether the kernel evaluates a mask; without one it takes plans of format 3.
  bool isMasked() const;

  mlir::ModuleOp module() { return *root; }
  std::string moduleText();
  const Program &program() const { return maskProgram; }
  Dump &dump() { return dumped; }
  /// An attribute of the kernel's function that a lowering left there; 0 where there is none.
  uint32_t kernelNumber(llvm::StringRef name);

private:
  Status runStage(std::string_view name, llvm::function_ref<void(mlir::OpPassManager &)> populate);

  const Problem &problem;
  const Schedule &schedule;
  const Target &target;
  const CompileOptions &options;
  mlir::MLIRContext context;
  mlir::DefaultTimingManager timing; ///< reports to standard error when it goes, if enabled
  mlir::TimingScope wholeTime;
  Program maskProgram;
  Dump dumped;
  mlir::OwningOpRef<mlir::ModuleOp> root;
};

} // namespace halftone
