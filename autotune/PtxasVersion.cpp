#include "autotune/PtxasVersion.h"

#include "autotune/KeyOf.h"

#include <llvm/Support/FileSystem.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/Program.h>

namespace halftone {

Result<std::string> ptxasVersionOf(const std::string &path) {
  Error cannot{
      ErrorCode::CompileFailed, path + " does not say its version", {}, "give the path of ptxas"};
  llvm::SmallString<128> answer;
  if (llvm::sys::fs::createTemporaryFile("halftone-ptxas", "txt", answer))
    return cannot;
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), llvm::StringRef(answer),
                                                llvm::StringRef(answer)};
  constexpr unsigned seconds = 20;
  int code = llvm::sys::ExecuteAndWait(path, {path, "--version"}, std::nullopt, redirects, seconds);
  auto text = llvm::MemoryBuffer::getFile(answer);
  // Left behind it does no harm.
  (void)llvm::sys::fs::remove(answer); // NOLINT(bugprone-unused-return-value)
  if (code != 0 || !text)
    return cannot;
  return ptxasVersion((*text)->getBuffer().str());
}

} // namespace halftone
