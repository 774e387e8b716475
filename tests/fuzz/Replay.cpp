// fuzz_<name> <folder> ...: feeds every file of the folders to the target, without a fuzzer. A file
// whose name starts with "good" must be accepted and one with "bad" refused; others, which a fuzzer
// found, need only end well.

#include "tests/fuzz/Target.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using Path = std::filesystem::path;

std::vector<Path> filesIn(const char *folder) {
  std::vector<Path> files;
  std::error_code failure;
  for (const auto &entry : std::filesystem::directory_iterator(folder, failure))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

bool isAsNamed(const Path &path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  // Said before, so that the last line names the file that ended the program.
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  bool accepted = halftone::fuzz::feed(bytes);
  std::string name = path.filename();
  if (file.bad() || (name.starts_with("good") && !accepted) ||
      (name.starts_with("bad") && accepted)) {
    std::printf("  was %s\n", accepted ? "accepted" : "refused");
    return false;
  }
  return true;
}

} // namespace

int main(int count, char **arguments) {
  int good = 0, wrong = 0;
  for (int i = 1; i < count; ++i)
    for (const Path &path : filesIn(arguments[i])) {
      wrong += !isAsNamed(path);
      good += path.filename().string().starts_with("good");
    }
  // A target that accepts nothing looks at nothing.
  if (good == 0)
    std::printf("no file whose name starts with \"good\"\n");
  return wrong > 0 || good == 0;
}
