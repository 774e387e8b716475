#include "autotune/CacheLocation.h"

#include <cstdlib>
#include <filesystem>

namespace halftone {
namespace {

namespace fs = std::filesystem;

std::string variable(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

bool isAbsolute(const std::string &path) { return !path.empty() && path.front() == '/'; }

std::string findShippedFolder() {
  std::error_code failure;
  fs::path program = fs::read_symlink("/proc/self/exe", failure);
  if (!failure) {
    fs::path beside = program.parent_path().parent_path() / "share/halftone/tuned";
    if (fs::is_directory(beside, failure))
      return beside.string();
  }
  return HALFTONE_TUNED_FOLDER;
}

void setUserFolder(const CacheEnvironment &environment, CacheLocation &location) {
  if (!environment.cacheDir.empty()) {
    if (isAbsolute(environment.cacheDir))
      location.userFolder = environment.cacheDir;
    else
      location.whyNoFolder = "HALFTONE_CACHE_DIR is `" + environment.cacheDir +
                             "`, which depends on the current directory: nothing is kept on disk; "
                             "give an absolute path";
    return;
  }
  // The XDG base directory specification: a relative path is to be ignored.
  if (isAbsolute(environment.xdgCacheHome))
    location.userFolder = environment.xdgCacheHome + "/halftone";
  else if (isAbsolute(environment.home))
    location.userFolder = environment.home + "/.cache/halftone";
  else
    location.whyNoFolder = "neither HALFTONE_CACHE_DIR nor XDG_CACHE_HOME nor HOME names a folder: "
                           "nothing is kept on disk; set HALFTONE_CACHE_DIR";
}

} // namespace

CacheEnvironment CacheEnvironment::ofThisProcess() {
  return {variable("HALFTONE_CACHE_DIR"), variable("XDG_CACHE_HOME"), variable("HOME")};
}

CacheLocation CacheLocation::find(const CacheEnvironment &environment) {
  CacheLocation location;
  setUserFolder(environment, location);
  location.systemFolder = "/etc/halftone/tuned";
  location.shippedFolder = findShippedFolder();
  return location;
}

} // namespace halftone
