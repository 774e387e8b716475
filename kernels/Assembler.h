#pragma once

#include "codegen/Target.h"
#include "runtime/Device.h"

namespace halftone {

/// What turns the PTX of a target into machine code.
struct Assembler {
  std::string ptxas;   ///< CompileOptions::ptxas: a path, or "none" where the driver assembles
  std::string version; ///< of that ptxas, "13.0.88"; "none" where there is none

  /// The assembler of code for `target` that is to run on `device` (null: on any that can).
  /// `wanted` is as in CompileOptions. The driver assembles where no ptxas is found, and for a GPU
  /// of another major version than the target, which could not load machine code.
  ///
  /// Asking ptxas for its version starts a process: that happens once for each path, size and time
  /// of change. A ptxas that does not say its version is known by those three.
  static Result<Assembler> of(const Target &target, const Device *device,
                              const std::string &wanted);

  /// As Key::ptxas has it: the driver's own version where it assembles.
  std::string versionOn(const Device &device) const;
};

} // namespace halftone
