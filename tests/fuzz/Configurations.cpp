// Files of tuned configurations, as given to `halftone cache import` and as entries of the cache.

#include "autotune/CheckedJson.h"
#include "autotune/ConfigurationFile.h"
#include "autotune/Digest.h"
#include "tests/fuzz/Require.h"
#include "tests/fuzz/Target.h"

#include <cmath>

namespace halftone::fuzz {
namespace {

using Json = nlohmann::json;

/// The same document with every configuration's digest made right: no fuzzer guesses SHA-256, and
/// a stranger can compute it. Empty where there is no configuration to put one into.
std::string sealed(std::string_view input) {
  Result<Json> document = readJson(input);
  if (!document || !document->is_object() || !document->contains("configurations"))
    return {};
  Json &all = (*document)["configurations"];
  if (!all.is_array())
    return {};
  for (Json &one : all) {
    if (!one.is_object())
      return {};
    one.erase("sha256");
    one["sha256"] = sha256(one.dump());
  }
  return document->dump(2) + "\n";
}

void checkRead(const std::vector<Configuration> &all, std::string_view input) {
  Result<std::string> written = writeConfigurations(all);
  require(bool(written), "what was read can be written", input);
  Result<std::vector<Configuration>> back = readConfigurations(*written);
  require(bool(back), "what was written can be read", *written);
  Result<std::string> again = writeConfigurations(*back);
  require(again && *again == *written, "it reads back to the same bytes", *written);
  for (const Configuration &one : all) {
    Result<std::string> entry = writeConfigurations({one});
    Result<Configuration> kept = readEntry(*entry, one.key.hash());
    require(kept && kept->key == one.key, "a configuration makes an entry of the cache", *entry);
    require(!readEntry(*entry, sha256("another key")), "an entry is that of its key", *entry);
    double apart = distance(all.front().key, one.key);
    require(apart >= 0 && (apart > 0 || differences(all.front().key, one.key).empty()),
            "only equal keys have no distance", input);
  }
}

bool read(std::string_view input) {
  Result<std::vector<Configuration>> all = readConfigurations(input);
  std::string hash = all && all->size() == 1 ? all->front().key.hash() : sha256(input);
  Result<Configuration> entry = readEntry(input, hash);
  require(all || !entry, "an entry is a file of configurations", input);
  if (!entry)
    requirePrintable(entry.error(), input);
  if (all)
    checkRead(*all, input);
  else
    requirePrintable(all.error(), input);
  return bool(all);
}

} // namespace

bool feed(std::string_view input) {
  bool accepted = read(input);
  if (std::string better = sealed(input); !better.empty())
    accepted |= read(better);
  return accepted;
}

} // namespace halftone::fuzz
