#pragma once

#include "autotune/ConfigurationStore.h"
#include "autotune/ImageStore.h"
#include "cli/Console.h"

namespace halftone::cli {

/// What all of `halftone cache` works on, and what it was asked for.
struct CacheRequest {
  std::vector<std::string> hashes; ///< beginnings of key hashes
  std::string tuned;               ///< --tuned: a file that counts before all layers
  std::string file;                ///< of import
  std::string out;                 ///< of export; empty: standard output
  bool replace = false;            ///< of import
  bool configurations = false;     ///< of clear: only these
  bool images = false;             ///< of clear: only these
  std::string limit;               ///< of prune: "512M"

  CacheLocation location() const;
};

// Each does one command of `halftone cache` and gives the exit code.
Result<int> listCache(const CacheRequest &request, Console &console);
Result<int> showCache(const CacheRequest &request, Console &console);
Result<int> printCachePath(const CacheRequest &request, Console &console);
Result<int> exportCache(const CacheRequest &request, Console &console);
Result<int> importCache(const CacheRequest &request, Console &console);
Result<int> verifyCache(const CacheRequest &request, Console &console);
Result<int> pruneCache(const CacheRequest &request, Console &console);
Result<int> clearCache(const CacheRequest &request, Console &console);

/// Shows warnings on standard error and in the document, each once.
void showWarnings(Console &console, const std::vector<std::string> &warnings);

/// The stored configurations whose key's hash begins with one of `beginnings`, in their order; a
/// Misuse where one names none, or several. Of one key in several layers the first layer's counts.
Result<std::vector<ConfigurationStore::Stored>>
chosenConfigurations(const ConfigurationStore &store, const std::vector<std::string> &beginnings);

/// "1.5 MiB", "300 bytes"
std::string bytesText(uint64_t bytes);

} // namespace halftone::cli
