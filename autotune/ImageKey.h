#pragma once

#include "autotune/KeyOf.h"
#include "dsl/Schedule.h"

namespace halftone {

/// What compiled code depends on, one "name value" a line: the class of the mask (every constant
/// and every length is run-time data), the element type and head dim, what is written, the
/// schedule, the target, and what compiled it. Unlike a Key it holds the fingerprint of the
/// compiler's sources themselves: code of another build is never run.
struct ImageKey {
  std::string text;

  /// The problem must check().
  static Result<ImageKey> of(const Problem &problem, const Schedule &schedule,
                             const std::string &target, const Toolchain &toolchain);
  /// SHA-256 of text: the image's name in an ImageStore.
  std::string hash() const;
};

/// SHA-256 of the sources that decide what code is generated and how it is launched (dsl, codegen,
/// runtime), as they were when this library was built.
std::string_view sourceFingerprint();

} // namespace halftone
