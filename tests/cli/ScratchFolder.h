#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

namespace halftone::cli {

/// An empty folder of one test, gone with it.
class ScratchFolder {
public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "halftone-cli-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
  }
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;
  ~ScratchFolder() { std::filesystem::remove_all(root); }

  std::string path(const std::string &name) const { return (root / name).string(); }
  size_t fileCount() const {
    return size_t(std::distance(std::filesystem::directory_iterator(root), {}));
  }
  std::string read(const std::string &name) const {
    std::ifstream file(root / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string &name, const std::string &bytes) const {
    std::ofstream(root / name, std::ios::binary) << bytes;
  }

private:
  std::filesystem::path root;
};

} // namespace halftone::cli
