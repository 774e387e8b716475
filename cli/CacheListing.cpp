// halftone cache ls, show, path: what is there.

#include "autotune/ConfigurationFile.h"
#include "cli/CacheActions.h"

#include <algorithm>
#include <set>

namespace halftone::cli {
namespace {

using Stored = ConfigurationStore::Stored;

constexpr size_t shortHash = 12;

nlohmann::ordered_json summary(const Stored &stored) {
  const Configuration &found = stored.configuration;
  return {{"hash", found.key.hash()},
          {"layer", layerName(stored.layer)},
          {"path", stored.path},
          {"target", found.key.target},
          {"architecture", found.key.architecture},
          {"device", found.device},
          {"medianMilliseconds", found.best.medianMilliseconds},
          {"schedule", found.best.schedule.text()},
          {"problem", found.problem},
          {"when", found.when}};
}

/// "   52.1250 ms, spread 0.2500  tileQ=128 ..."
std::string measuredText(const Measured &measured) {
  return fmt::format("{:10.4f} ms, spread {:.4f}  {}", measured.medianMilliseconds,
                     measured.spreadMilliseconds, measured.schedule.text());
}

/// A problem on one line of a table; show and --json have all of it.
std::string beginning(const std::string &text) {
  constexpr size_t most = 90;
  return text.size() <= most ? text : text.substr(0, most - 3) + "...";
}

void showOne(const Stored &stored, Console &console) {
  const Configuration &found = stored.configuration;
  console.line("hash      {}", found.key.hash());
  console.line("layer     {}{}", layerName(stored.layer),
               stored.path.empty() ? "" : " (" + stored.path + ")");
  console.line("problem   {}", found.problem);
  console.line("best      {}", measuredText(found.best));
  for (const Measured &measured : found.runnersUp)
    console.line("next      {}", measuredText(measured));
  if (found.defaultScheduleMilliseconds)
    console.line("default   {:10.4f} ms", *found.defaultScheduleMilliseconds);
  console.line("measured  {} timings on {}{}{}, {}", found.timings, found.device,
               found.driver.empty() ? "" : ", driver for CUDA " + found.driver,
               found.smClockMHz ? fmt::format(", {} MHz", found.smClockMHz) : "", found.when);
  for (const KeyField &field : keyFields(found.key))
    console.line("key       {} {}", field.name, field.value);
}

/// The document of a configuration, as its file has it.
nlohmann::ordered_json wholeDocument(const Configuration &configuration) {
  Result<std::string> bytes = writeConfigurations({configuration});
  if (!bytes)
    return nullptr; // it was read, so it can be written
  return nlohmann::ordered_json::parse(*bytes)["configurations"][0];
}

} // namespace

CacheLocation CacheRequest::location() const {
  CacheLocation found = CacheLocation::find();
  found.explicitFile = tuned;
  return found;
}

void showWarnings(Console &console, const std::vector<std::string> &warnings) {
  std::set<std::string> seen;
  auto &document = console.document["warnings"];
  if (document.is_null())
    document = nlohmann::ordered_json::array();
  for (const std::string &warning : warnings)
    if (seen.insert(warning).second) {
      console.warn(warning);
      document.push_back(warning);
    }
}

std::string bytesText(uint64_t bytes) {
  if (bytes < 1024)
    return fmt::format("{} bytes", bytes);
  double value = double(bytes) / 1024;
  const char *unit = "KiB";
  for (const char *larger : {"MiB", "GiB", "TiB"})
    if (value >= 1024) {
      value /= 1024;
      unit = larger;
    }
  return fmt::format("{:.1f} {}", value, unit);
}

Result<std::vector<Stored>> chosenConfigurations(const ConfigurationStore &store,
                                                 const std::vector<std::string> &beginnings) {
  std::vector<Stored> all = store.all(), chosen;
  for (const std::string &beginning : beginnings) {
    const Stored *found = nullptr;
    std::set<std::string> matching;
    for (const Stored &candidate : all) {
      std::string hash = candidate.configuration.key.hash();
      if (beginning.empty() || !hash.starts_with(beginning))
        continue;
      found = found ? found : &candidate;
      matching.insert(hash);
    }
    if (matching.empty())
      return misuse(fmt::format("no configuration's hash begins with `{}`", beginning),
                    "`halftone cache ls` lists them");
    if (matching.size() > 1)
      return misuse(
          fmt::format("{} configurations' hashes begin with `{}`", matching.size(), beginning),
          "give more of it");
    chosen.push_back(*found);
  }
  return chosen;
}

Result<int> listCache(const CacheRequest &request, Console &console) {
  CacheLocation location = request.location();
  ConfigurationStore store(location);
  ImageStore images(location);
  auto &list = console.document["configurations"] = nlohmann::ordered_json::array();
  std::vector<Stored> all = store.all();
  if (!all.empty())
    console.line("{:<{}}  {:<8}  {:<8}  {:>12}  {}", "hash", shortHash, "layer", "target", "median",
                 "problem");
  for (const Stored &stored : all) {
    list.push_back(summary(stored));
    const Configuration &found = stored.configuration;
    console.line("{:.{}}  {:<8}  {:<8}  {:>9.4f} ms  {}", found.key.hash(), shortHash,
                 layerName(stored.layer), found.key.target, found.best.medianMilliseconds,
                 beginning(found.problem));
  }
  uint64_t bytes = 0;
  std::vector<ImageStore::Stored> compiled = images.all();
  for (const ImageStore::Stored &image : compiled)
    bytes += image.bytes;
  console.document["images"] = {{"count", compiled.size()}, {"bytes", bytes}};
  console.line("{} configurations, {} images of {}", all.size(), compiled.size(), bytesText(bytes));
  std::vector<std::string> warnings = store.takeWarnings();
  for (std::string &warning : images.takeWarnings())
    warnings.push_back(std::move(warning));
  showWarnings(console, warnings);
  return 0;
}

Result<int> showCache(const CacheRequest &request, Console &console) {
  ConfigurationStore store(request.location());
  Result<std::vector<Stored>> chosen = chosenConfigurations(store, request.hashes);
  if (!chosen)
    return chosen.error();
  auto &list = console.document["configurations"] = nlohmann::ordered_json::array();
  for (const Stored &stored : *chosen) {
    if (&stored != &chosen->front())
      console.line("");
    showOne(stored, console);
    list.push_back({{"hash", stored.configuration.key.hash()},
                    {"layer", layerName(stored.layer)},
                    {"path", stored.path},
                    {"configuration", wholeDocument(stored.configuration)}});
  }
  showWarnings(console, store.takeWarnings());
  return 0;
}

Result<int> printCachePath(const CacheRequest &request, Console &console) {
  CacheLocation location = request.location();
  console.document["user"] = location.userFolder;
  console.document["system"] = location.systemFolder;
  console.document["shipped"] = location.shippedFolder;
  console.line("user      {}", location.userFolder.empty() ? "none" : location.userFolder);
  console.line("system    {}", location.systemFolder);
  console.line("shipped   {}", location.shippedFolder);
  showWarnings(console, location.whyNoFolder.empty()
                            ? std::vector<std::string>()
                            : std::vector<std::string>{location.whyNoFolder});
  return 0;
}

} // namespace halftone::cli
