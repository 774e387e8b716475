#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <stdlib.h>

namespace halftone::test {

/// An empty folder of one test, gone with it.
class ScratchFolder {
public:
  ScratchFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "halftone-autotune-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
  }
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }

  std::string path(const std::string &name = {}) const {
    return name.empty() ? root.string() : (root / name).string();
  }
  /// Names of all files below, relative.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(root))
      if (!entry.is_directory())
        names.push_back(std::filesystem::relative(entry.path(), root).string());
    return names;
  }
  std::string read(const std::string &name) const {
    std::ifstream file(root / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string &name, const std::string &bytes) const {
    std::filesystem::create_directories((root / name).parent_path());
    // A new file: emptying one that is there waits for the disk.
    std::filesystem::remove(root / name);
    std::ofstream(root / name, std::ios::binary) << bytes;
  }

private:
  std::filesystem::path root;
};

} // namespace halftone::test
