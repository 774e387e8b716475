#pragma once

#include "autotune/Key.h"
#include "dsl/Problem.h"
#include "runtime/Device.h"

namespace halftone {

/// The memory order of the tensors. A schedule's speed depends on it a little, its result never.
enum class Strides : uint8_t {
  TokenMajor, ///< [batch, tokens, heads, headDim]
  HeadMajor,  ///< [batch, heads, tokens, headDim]
  Other,      ///< such as views into a fused QKV
};
std::string_view stridesName(Strides strides); ///< "tokenMajor", "headMajor", "other"

/// The versions of what turns a schedule into machine code.
struct Toolchain {
  std::string codegen, llvm, ptxas; ///< as in Key

  /// Of this build, with ptxas of the given version (ptxasVersion(), or as Key::ptxas says).
  static Toolchain ofThisBuild(std::string ptxas);
};

/// "13.0.88" of the output of `ptxas --version`; the output itself, on one line, where it holds no
/// such thing.
std::string ptxasVersion(std::string_view versionOutput);

/// What of a device decides which schedule is fastest.
struct Hardware {
  std::string architecture; ///< "sm_90"; "x86_64:sapphirerapids:avx512"
  int64_t multiprocessors = 0;
  int64_t sharedBytes = 0;
  int64_t l2Bytes = 0;

  static Hardware of(const Device &device);
};

/// The key of tuning `problem` for code of `target` ("cpu", "sm_90a") on `hardware`. The problem
/// must check().
Key keyOf(const Problem &problem, std::string target, const Hardware &hardware,
          const Toolchain &toolchain, std::string policy, Strides strides = Strides::TokenMajor);

} // namespace halftone
