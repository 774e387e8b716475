#pragma once

#include "codegen/Compile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace halftone {

/// Where one compilation leaves what it made on its way: IR after each pass that changed something,
/// PTX, the assembler's report, a reproducer of a failure. Each has a new folder of its own below
/// CompileOptions::dumpTo, or else HALFTONE_DUMP_TO, so that nothing is ever overwritten. Files are
/// numbered in the order in which they were written.
class Dump {
public:
  /// A dump that writes nothing, unless a folder is asked for. A folder that cannot be made is a
  /// File error.
  static Result<Dump> open(const CompileOptions &options, std::string_view name);

  bool isOn() const { return !folder.empty(); }
  const std::string &path() const { return folder; }

  /// Writes "<number>-<name>"; nothing where the dump is off.
  Status write(std::string_view name, std::string_view bytes);
  /// Adds an instrumentation that writes the IR after each pass that changed it. The dump must
  /// outlive the pass manager's run.
  void watch(mlir::PassManager &passes);
  /// The first failure of a write made while passes ran.
  const Status &status() const { return failure; }

private:
  std::string folder;
  int written = 0;
  Status failure;
};

/// A file that `halftone-opt --run-reproducer` runs: the module before a stage failed, and the
/// stage's passes. It is written to the dump, or else to the system's folder for temporary files.
/// The path, or an empty string where it could not be written.
std::string writeReproducer(Dump &dump, mlir::ModuleOp before, mlir::PassManager &passes,
                            std::string_view stage);

} // namespace halftone
