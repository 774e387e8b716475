#include "autotune/KeyOf.h"

#include "autotune/Digest.h"
#include "autotune/ShapeBucket.h"

#include <llvm-c/Core.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/TargetParser/Host.h>

#include <unistd.h>

namespace halftone {
namespace {

/// The vector instructions that code for the CPU may use: a virtual machine can hide those of the
/// processor that it names.
const char *vectorInstructions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return "avx512";
  if (__builtin_cpu_supports("avx2"))
    return "avx2";
#endif
  return "base";
}

std::string scoreText(const Problem &problem) {
  std::string text;
  auto add = [&](const std::string &word) { text += (text.empty() ? "" : " ") + word; };
  if (problem.softcap())
    add("softcap");
  for (const Bias &bias : problem.biases())
    add("bias(" + bias.distance.text() + ")");
  return text.empty() ? "plain" : text;
}

} // namespace

std::string_view stridesName(Strides strides) {
  switch (strides) {
  case Strides::TokenMajor:
    return "tokenMajor";
  case Strides::HeadMajor:
    return "headMajor";
  case Strides::Other:
    return "other";
  }
  return "other";
}

Toolchain Toolchain::ofThisBuild(std::string ptxas) {
  // HALFTONE_CODEGEN_REVISION is raised by hand when the code of an unchanged schedule becomes
  // faster or slower, so that a build which differs in comments keeps what was tuned.
  // LLVM's version is the one that is linked now, not the one of the headers.
  unsigned major = 0, minor = 0, patch = 0;
  LLVMGetVersion(&major, &minor, &patch);
  std::string llvm =
      std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  return {HALFTONE_VERSION "." HALFTONE_CODEGEN_REVISION, std::move(llvm), std::move(ptxas)};
}

std::string ptxasVersion(std::string_view versionOutput) {
  // "Cuda compilation tools, release 13.0, V13.0.88"
  size_t at = versionOutput.rfind(", V");
  if (at != versionOutput.npos) {
    std::string_view rest = versionOutput.substr(at + 3);
    std::string_view version = rest.substr(0, rest.find_first_not_of("0123456789."));
    if (!version.empty())
      return std::string(version);
  }
  std::string text;
  for (char c : versionOutput.substr(0, 200))
    text += c >= ' ' && c <= '~' ? c : ' ';
  return text;
}

Hardware Hardware::of(const Device &device) {
  Hardware result;
  result.multiprocessors = device.multiprocessors();
  result.sharedBytes = int64_t(device.sharedBytesPerBlock());
  if (device.isGpu()) {
    result.architecture = "sm_" + std::to_string(device.computeCapability());
    result.l2Bytes = int64_t(device.l2Bytes());
  } else {
    result.architecture =
        "x86_64:" + llvm::sys::getHostCPUName().str() + ":" + vectorInstructions();
    result.l2Bytes = std::max(0L, ::sysconf(_SC_LEVEL2_CACHE_SIZE));
  }
  return result;
}

Key keyOf(const Problem &problem, std::string target, const Hardware &hardware,
          const Toolchain &toolchain, std::string policy, Strides strides) {
  const AttentionShape &shape = problem.shape();
  Key key;
  key.pattern = sha256(problem.pattern().text());
  key.score = scoreText(problem);
  key.queryShape = shapeBucket(problem.query());
  key.keyShape = shapeBucket(problem.key());
  key.batch = shape.batch;
  key.heads = shape.heads;
  key.kvHeads = problem.kvHeads();
  key.headDim = shape.headDim;
  key.element = elementName(shape.element);
  key.lse = shape.lse;
  key.strides = stridesName(strides);
  key.schema = schemaVersion;
  key.codegen = toolchain.codegen;
  key.llvm = toolchain.llvm;
  key.ptxas = toolchain.ptxas;
  key.target = std::move(target);
  key.architecture = hardware.architecture;
  key.multiprocessors = hardware.multiprocessors;
  key.sharedBytes = hardware.sharedBytes;
  key.l2Bytes = hardware.l2Bytes;
  key.policy = std::move(policy);
  return key;
}

} // namespace halftone
