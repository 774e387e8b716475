#pragma once

#include "autotune/Tuner.h"

#include <filesystem>
#include <string>
#include <vector>

namespace halftone::test {

/// A folder for one search with fake workers, and what is in it; gone with the test.
class TuneFolder {
public:
  TuneFolder();
  ~TuneFolder();
  TuneFolder(const TuneFolder &) = delete;
  TuneFolder &operator=(const TuneFolder &) = delete;

  std::string path(const std::string &name = {}) const;
  void write(const std::string &name, const std::string &text) const;
  std::string read(const std::string &name) const;
  std::vector<std::string> lines(const std::string &name) const;

  /// Options of a quick search with fake_worker in a folder, and in this one.
  static TuneOptions optionsIn(const std::string &folder);
  TuneOptions options() const { return optionsIn(path()); }
  /// Processes whose command line names this folder.
  std::vector<int> processes() const;
  /// Waits until there is none; those that are left after a while.
  std::vector<int> processesLeft() const;

private:
  std::filesystem::path folder;
};

/// The problem that the tests tune for sm_90, with a space of some hundred schedules.
Problem tunedProblem();
Target tunedTarget();

} // namespace halftone::test
