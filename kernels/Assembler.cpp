#include "kernels/Assembler.h"

#include "autotune/PtxasVersion.h"
#include "codegen/Ptxas.h"

#include <llvm/Support/FileSystem.h>

#include <map>
#include <mutex>

namespace halftone {
namespace {

std::string versionOf(const std::string &path) {
  llvm::sys::fs::file_status facts;
  std::string file = path;
  if (!llvm::sys::fs::status(path, facts))
    file += " of " + std::to_string(facts.getSize()) + " bytes changed at " +
            std::to_string(facts.getLastModificationTime().time_since_epoch().count());
  static std::mutex mutex;
  static std::map<std::string, std::string> known;
  std::lock_guard lock(mutex);
  auto [entry, isNew] = known.try_emplace(file);
  if (isNew) {
    Result<std::string> version = ptxasVersionOf(path);
    entry->second = version ? *version : file;
  }
  return entry->second;
}

} // namespace

Result<Assembler> Assembler::of(const Target &target, const Device *device,
                                const std::string &wanted) {
  const Assembler driver{"none", "none"};
  if (!target.isGpu() || wanted == "none" ||
      (device && device->computeCapability() / 10 != target.computeCapability / 10))
    return driver;
  Result<std::string> path = findPtxas(wanted);
  if (path)
    return Assembler{*path, versionOf(*path)};
  if (wanted.empty() && path.error().code == ErrorCode::Unsupported)
    return driver;
  return path.error();
}

std::string Assembler::versionOn(const Device &device) const {
  return ptxas == "none" && device.isGpu() ? "driver " + std::to_string(device.driverVersion())
                                           : version;
}

} // namespace halftone
