#include "cli/HostFacts.h"

#include "codegen/CpuJit.h"

#include <llvm/ADT/SmallString.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/FileUtilities.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/Program.h>
#include <llvm/Support/Threading.h>
#include <llvm/TargetParser/Host.h>

#include <unistd.h>

namespace halftone::cli {

HostFacts hostFacts() {
  HostFacts facts;
  facts.cpu = llvm::sys::getHostCPUName().str();
  facts.threads = llvm::hardware_concurrency().compute_thread_count();
  facts.vectorWidth = hostVectorWidth();
  facts.memoryBytes = uint64_t(::sysconf(_SC_PHYS_PAGES)) * uint64_t(::sysconf(_SC_PAGESIZE));
  return facts;
}

std::string llvmVersion() { return LLVM_VERSION_STRING; }

std::string programVersion(const std::string &program) {
  llvm::SmallString<128> path;
  if (llvm::sys::fs::createTemporaryFile("halftone-version", "txt", path))
    return "unknown: no temporary file could be made";
  llvm::FileRemover remover(path);
  std::string reason;
  llvm::StringRef output = path, none = "";
  int code = llvm::sys::ExecuteAndWait(program, {program, "--version"}, std::nullopt,
                                       {none, output, none}, 10, 0, &reason);
  if (code != 0)
    return reason.empty() ? "unknown: --version failed" : "unknown: " + reason;
  auto text = llvm::MemoryBuffer::getFile(path);
  if (!text)
    return "unknown: its output could not be read";
  llvm::SmallVector<llvm::StringRef> lines;
  (*text)->getBuffer().split(lines, '\n', -1, false);
  for (llvm::StringRef line : lines)
    if (line.contains("release") || line.contains("V1"))
      return line.trim().str();
  return lines.empty() ? "unknown: --version printed nothing" : lines.front().trim().str();
}

} // namespace halftone::cli
