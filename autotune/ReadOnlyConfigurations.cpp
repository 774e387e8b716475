#include "autotune/ReadOnlyConfigurations.h"

#include "autotune/ConfigurationFile.h"
#include "autotune/PublicFile.h"

#include <algorithm>
#include <filesystem>

namespace halftone {

void ReadOnlyConfigurations::add(const std::string &path, Warnings &warnings) {
  Result<std::string> bytes = readPublicFile(path);
  if (!bytes)
    return warnings.add(bytes.error().message);
  Result<std::vector<Configuration>> read = readConfigurations(*bytes);
  if (!read)
    return warnings.add("`" + path + "` is not used: " + read.error().message);
  for (Configuration &configuration : *read) {
    std::string hash = configuration.key.hash();
    byHash.insert_or_assign(std::move(hash), Stored{std::move(configuration), path});
  }
}

ReadOnlyConfigurations ReadOnlyConfigurations::ofFile(const std::string &path, Warnings &warnings) {
  ReadOnlyConfigurations result;
  result.add(path, warnings);
  return result;
}

ReadOnlyConfigurations ReadOnlyConfigurations::ofFolder(const std::string &path,
                                                        Warnings &warnings) {
  namespace fs = std::filesystem;
  ReadOnlyConfigurations result;
  std::vector<std::string> files;
  std::error_code failure;
  for (fs::directory_iterator entry(path, failure), end; !failure && entry != end;
       entry.increment(failure))
    if (entry->path().extension() == ".json")
      files.push_back(entry->path().string());
  if (failure && failure != std::errc::no_such_file_or_directory)
    warnings.add("`" + path + "` is not used: " + failure.message());
  // In the order of names, so that of two files with the same key the same one counts everywhere.
  std::sort(files.begin(), files.end());
  for (const std::string &file : files)
    result.add(file, warnings);
  return result;
}

} // namespace halftone
