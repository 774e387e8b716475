#pragma once

#include "codegen/Target.h"
#include "runtime/Arguments.h"
#include "runtime/Image.h"

#include <memory>

namespace halftone {

/// Where to stop and look: names of --emit.
enum class Level : uint8_t {
  Attention /* ht, before tiling */,
  Ht,
  Mma,
  Hop,
  Llvm,
  Ptx,
  Cubin,
  Sass,
  Object
};
Result<Level> parseLevel(std::string_view name); ///< "attention", "ht", "mma", "hop", "llvm",
                                                 ///< "ptx", "cubin", "sass", "object"

struct CompileOptions {
  /// Where numbered IR per changed pass, PTX, the ptxas report and a reproducer are written
  /// (HALFTONE_DUMP_TO); empty: nowhere.
  std::string dumpTo;
  /// Print a pass timing report to standard error when done.
  bool timePasses = false;
  /// ptxas to use; empty: looked for (codegen/Ptxas.h). "none": leave PTX for the driver.
  std::string ptxas;
  /// Symbol of the kernel. Objects that are linked into one program need different ones.
  std::string entry = "halftone_attention";
};

/// An image; for the CPU also its code, already in memory and ready to call.
struct Compiled {
  std::shared_ptr<const Image> image;
  CpuEntry cpuEntry = nullptr;
  std::shared_ptr<void> keepAlive; ///< owns cpuEntry's code
};

/// From a problem to machine code. Same input, same bytes. Thread-safe.
Result<Compiled> compile(const Problem &problem, const Schedule &schedule, const Target &target,
                         const CompileOptions &options = {});

/// The text (or bytes) of one level.
Result<std::string> emit(const Problem &problem, const Schedule &schedule, const Target &target,
                         Level level, const CompileOptions &options = {});

} // namespace halftone
