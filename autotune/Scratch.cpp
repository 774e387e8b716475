#include "autotune/Scratch.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include <sys/stat.h>

namespace halftone {

namespace {

Error cannotMake(const std::string &path, int error) {
  return fileError("cannot make the folder " + path + ": " + std::strerror(error),
                   "check the space and the rights there");
}

} // namespace

Result<Scratch> Scratch::make(const std::string &beside) {
  std::error_code ignored;
  if (beside.empty()) {
    std::string path = std::filesystem::temp_directory_path(ignored).string() + "/halftone-XXXXXX";
    if (!::mkdtemp(path.data()))
      return cannotMake(path, errno);
    return Scratch(path);
  }
  std::string path = beside + ".work";
  // A link in its place is removed, not followed.
  std::filesystem::remove_all(path, ignored);
  if (::mkdir(path.c_str(), 0700) != 0)
    return cannotMake(path, errno);
  return Scratch(path);
}

Scratch::Scratch(Scratch &&other) noexcept : folder(std::exchange(other.folder, {})) {}

Scratch::~Scratch() {
  std::error_code ignored;
  if (!folder.empty())
    std::filesystem::remove_all(folder, ignored);
}

} // namespace halftone
