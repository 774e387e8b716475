#pragma once

#include "autotune/Configuration.h"
#include "autotune/Warnings.h"

#include <map>

namespace halftone {

/// Configurations of files that are only read: one file that the user named, or all *.json files of
/// a folder. Read once. A file that is damaged, or that is no such file, is left out with one
/// warning; a folder that does not exist holds nothing.
class ReadOnlyConfigurations {
public:
  static ReadOnlyConfigurations ofFile(const std::string &path, Warnings &warnings);
  static ReadOnlyConfigurations ofFolder(const std::string &path, Warnings &warnings);

  struct Stored {
    Configuration configuration;
    std::string path; ///< of its file
  };
  /// By Key::hash().
  const std::map<std::string, Stored> &all() const { return byHash; }

private:
  void add(const std::string &path, Warnings &warnings);
  std::map<std::string, Stored> byHash;
};

} // namespace halftone
