#include "autotune/ConfigurationStore.h"

#include "autotune/ConfigurationFile.h"
#include "autotune/ReadOnlyConfigurations.h"
#include "autotune/UserConfigurations.h"

#include <cmath>
#include <limits>
#include <map>

namespace halftone {
namespace {

/// Entries of the user's folder that a search for the nearest reads: some 100 microseconds each.
constexpr size_t mostEntriesSearched = 1000;
constexpr size_t allEntries = std::numeric_limits<size_t>::max();

} // namespace

struct ConfigurationStore::State {
  CacheLocation location;
  Warnings warnings;
  UserConfigurations user;
  std::mutex mutex; ///< of what follows
  std::map<std::string, Configuration> memory;
  std::optional<ReadOnlyConfigurations> explicitFile, system, shipped;

  explicit State(CacheLocation where)
      : location(std::move(where)), user(location.userFolder, warnings) {
    if (!location.whyNoFolder.empty())
      warnings.add(location.whyNoFolder);
  }

  const ReadOnlyConfigurations &readOnly(Layer layer) {
    std::lock_guard lock(mutex);
    auto once = [this](std::optional<ReadOnlyConfigurations> &value, const std::string &path,
                       auto read) -> const ReadOnlyConfigurations & {
      if (!value)
        value = path.empty() ? ReadOnlyConfigurations() : read(path, warnings);
      return *value;
    };
    if (layer == Layer::Explicit)
      return once(explicitFile, location.explicitFile, ReadOnlyConfigurations::ofFile);
    if (layer == Layer::System)
      return once(system, location.systemFolder, ReadOnlyConfigurations::ofFolder);
    return once(shipped, location.shippedFolder, ReadOnlyConfigurations::ofFolder);
  }

  std::optional<Configuration> get(Layer layer, const std::string &hash) {
    if (layer == Layer::User)
      return user.get(hash);
    if (layer == Layer::Memory) {
      std::lock_guard lock(mutex);
      auto found = memory.find(hash);
      return found == memory.end() ? std::nullopt : std::optional(found->second);
    }
    const auto &all = readOnly(layer).all();
    auto found = all.find(hash);
    return found == all.end() ? std::nullopt : std::optional(found->second.configuration);
  }

  std::vector<Stored> all(Layer layer, size_t most) {
    std::vector<Stored> result;
    if (layer == Layer::User) {
      for (UserConfigurations::Stored &stored : user.all(most))
        result.push_back({std::move(stored.configuration), layer, std::move(stored.path)});
    } else if (layer == Layer::Memory) {
      std::lock_guard lock(mutex);
      for (const auto &[hash, configuration] : memory)
        result.push_back({configuration, layer, {}});
    } else {
      for (const auto &[hash, stored] : readOnly(layer).all())
        result.push_back({stored.configuration, layer, stored.path});
    }
    return result;
  }
};

namespace {

/// In the order in which they count. Memory holds what could not be written, so it is newer than
/// the user's folder.
constexpr Layer layers[] = {Layer::Explicit, Layer::Memory, Layer::User, Layer::System,
                            Layer::Shipped};

/// The stored configuration that is the best answer to `key` besides a hit.
Lookup nearest(const Key &key, std::vector<ConfigurationStore::Stored> stored) {
  Lookup result;
  double least = std::numeric_limits<double>::infinity();
  size_t fewest = std::numeric_limits<size_t>::max();
  for (ConfigurationStore::Stored &candidate : stored) {
    double away = distance(key, candidate.configuration.key);
    std::vector<KeyDifference> differing = differences(key, candidate.configuration.key);
    bool usable = std::isfinite(away);
    // Of those equally near the first layer's counts, and in it the newest.
    bool newer = result.configuration && result.layer == candidate.layer && away == least &&
                 candidate.configuration.when > result.configuration->when;
    if (usable && (away < least || newer)) {
      result.match = Lookup::Match::Nearest;
      result.layer = candidate.layer;
      result.differences = std::move(differing);
      result.configuration = std::move(candidate.configuration);
      least = away;
    } else if (!usable && result.match == Lookup::Match::Miss && differing.size() < fewest) {
      fewest = differing.size();
      result.differences = std::move(differing);
    }
  }
  return result;
}

std::string joined(const std::vector<KeyDifference> &differences) {
  std::string text;
  for (const KeyDifference &difference : differences)
    text += (text.empty() ? "" : ", ") + difference.text();
  return text;
}

} // namespace

std::string_view layerName(Layer layer) {
  switch (layer) {
  case Layer::Explicit:
    return "explicit";
  case Layer::User:
    return "user";
  case Layer::Memory:
    return "memory";
  case Layer::System:
    return "system";
  case Layer::Shipped:
    return "shipped";
  }
  return "user";
}

std::string Lookup::text() const {
  std::string where =
      configuration ? " (" + std::string(layerName(layer)) + ", " + configuration->when + ")" : "";
  if (match == Match::Hit)
    return "tuned" + where;
  if (match == Match::Nearest)
    return "nearest" + where + ": " + joined(differences);
  return "not tuned: " + (differences.empty() ? "nothing is stored" : joined(differences));
}

ConfigurationStore::ConfigurationStore(CacheLocation location)
    : state(std::make_unique<State>(std::move(location))) {}
ConfigurationStore::ConfigurationStore(ConfigurationStore &&) noexcept = default;
ConfigurationStore &ConfigurationStore::operator=(ConfigurationStore &&) noexcept = default;
ConfigurationStore::~ConfigurationStore() = default;

Lookup ConfigurationStore::get(const Key &key) const {
  std::string hash = key.hash();
  for (Layer layer : layers)
    if (std::optional<Configuration> found = state->get(layer, hash))
      return {Lookup::Match::Hit, std::move(found), layer, {}};
  std::vector<Stored> stored;
  for (Layer layer : layers)
    for (Stored &entry : state->all(layer, mostEntriesSearched))
      stored.push_back(std::move(entry));
  return nearest(key, std::move(stored));
}

Status ConfigurationStore::put(const Configuration &configuration) {
  Result<std::string> bytes = writeConfigurations({configuration});
  if (!bytes)
    return bytes.error();
  std::string hash = configuration.key.hash();
  bool written = state->user.put(hash, *bytes);
  std::lock_guard lock(state->mutex);
  if (written)
    state->memory.erase(hash);
  else
    state->memory.insert_or_assign(hash, configuration);
  return {};
}

std::vector<ConfigurationStore::Stored> ConfigurationStore::all() const {
  std::vector<Stored> result;
  for (Layer layer : layers)
    for (Stored &entry : state->all(layer, allEntries))
      result.push_back(std::move(entry));
  return result;
}

Result<bool> ConfigurationStore::remove(const Key &key) {
  std::string hash = key.hash();
  Result<bool> removed = state->user.remove(hash);
  std::lock_guard lock(state->mutex);
  bool forgotten = state->memory.erase(hash) != 0;
  return removed ? Result<bool>(*removed || forgotten) : removed;
}

Result<size_t> ConfigurationStore::clear() {
  Result<size_t> removed = state->user.clear();
  std::lock_guard lock(state->mutex);
  size_t forgotten = state->memory.size();
  state->memory.clear();
  return removed ? Result<size_t>(*removed + forgotten) : removed;
}

Result<size_t> ConfigurationStore::removeDamaged() { return state->user.removeDamaged(); }

std::vector<std::string> ConfigurationStore::takeWarnings() { return state->warnings.take(); }

} // namespace halftone
