// halftone cache export, import: configurations from one machine to another.

#include "autotune/ConfigurationFile.h"
#include "autotune/PublicFile.h"
#include "cli/AtomicFile.h"
#include "cli/CacheActions.h"

#include <algorithm>

namespace halftone::cli {

Result<int> exportCache(const CacheRequest &request, Console &console) {
  ConfigurationStore store(request.location());
  std::vector<ConfigurationStore::Stored> stored;
  if (request.hashes.empty()) {
    stored = store.all();
    std::erase_if(stored, [](const auto &one) { return one.layer != Layer::User; });
  } else {
    auto chosen = chosenConfigurations(store, request.hashes);
    if (!chosen)
      return chosen.error();
    stored = std::move(*chosen);
  }
  std::vector<Configuration> configurations;
  configurations.reserve(stored.size());
  for (ConfigurationStore::Stored &one : stored)
    configurations.push_back(std::move(one.configuration));
  Result<std::string> bytes = writeConfigurations(configurations);
  if (!bytes)
    return bytes.error();
  if (request.out.empty()) {
    for (const std::string &warning : store.takeWarnings())
      console.warn(warning);
    console.raw(*bytes); // one document already, with --json or without
    console.document = nullptr;
    return 0;
  }
  if (Status written = writeFile(request.out, *bytes); !written)
    return written.error();
  console.document["out"] = request.out;
  console.document["exported"] = configurations.size();
  console.line("wrote   {}: {} configurations", request.out, configurations.size());
  showWarnings(console, store.takeWarnings());
  return 0;
}

Result<int> importCache(const CacheRequest &request, Console &console) {
  Result<std::string> bytes = readPublicFile(request.file);
  if (!bytes)
    return bytes.error();
  Result<std::vector<Configuration>> read = readConfigurations(*bytes);
  if (!read) {
    Error failure = read.error();
    failure.message = fmt::format("`{}`: {}", request.file, failure.message);
    return failure;
  }
  CacheLocation location = request.location();
  // What is tuned here is of the user's folder alone: below it nothing stands in the way.
  location.systemFolder = location.shippedFolder = "";
  ConfigurationStore store(location);
  size_t imported = 0, kept = 0;
  for (const Configuration &configuration : *read) {
    if (!request.replace && store.get(configuration.key).match == Lookup::Match::Hit) {
      ++kept;
      continue;
    }
    if (Status put = store.put(configuration); !put)
      return put.error();
    if (store.get(configuration.key).layer != Layer::User) {
      std::vector<std::string> warnings = store.takeWarnings();
      return fileError(warnings.empty() ? "the cache cannot be written to" : warnings.back(),
                       "set HALFTONE_CACHE_DIR to a folder of your own");
    }
    ++imported;
  }
  console.document["imported"] = imported;
  console.document["kept"] = kept;
  console.line("imported {} configurations{}", imported,
               kept ? fmt::format("; {} were tuned here already (--replace replaces them)", kept)
                    : "");
  showWarnings(console, store.takeWarnings());
  return 0;
}

} // namespace halftone::cli
