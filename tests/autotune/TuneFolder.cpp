#include "tests/autotune/TuneFolder.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace halftone::test {

TuneFolder::TuneFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "halftone-test-XXXXXX").string();
  folder = ::mkdtemp(pattern.data());
}

TuneFolder::~TuneFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  // The locks of its made-up devices, which are named for it.
  std::string lock = folder.string();
  std::replace(lock.begin(), lock.end(), '/', '-');
  for (int device = 0; device < 8; ++device)
    std::filesystem::remove("/tmp/halftone-device-" + lock + "-" + std::to_string(device) + ".lock",
                            ignored);
}

std::string TuneFolder::path(const std::string &name) const {
  return name.empty() ? folder.string() : (folder / name).string();
}

void TuneFolder::write(const std::string &name, const std::string &text) const {
  std::ofstream(path(name), std::ios::binary) << text;
}

std::string TuneFolder::read(const std::string &name) const {
  std::ostringstream text;
  text << std::ifstream(path(name), std::ios::binary).rdbuf();
  return text.str();
}

std::vector<std::string> TuneFolder::lines(const std::string &name) const {
  std::vector<std::string> all;
  std::ifstream file(path(name));
  for (std::string line; std::getline(file, line);)
    all.push_back(line);
  return all;
}

std::vector<int> TuneFolder::processes() const {
  std::vector<int> found;
  for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
    std::string name = entry.path().filename().string();
    int process = 0;
    std::from_chars(name.data(), name.data() + name.size(), process);
    if (process <= 0)
      continue;
    std::ostringstream command;
    command << std::ifstream(entry.path() / "cmdline", std::ios::binary).rdbuf();
    if (command.str().find(path()) != std::string::npos)
      found.push_back(process);
  }
  return found;
}

std::vector<int> TuneFolder::processesLeft() const {
  using namespace std::chrono_literals;
  for (int i = 0; i < 100 && !processes().empty(); ++i)
    std::this_thread::sleep_for(20ms);
  return processes();
}

} // namespace halftone::test
