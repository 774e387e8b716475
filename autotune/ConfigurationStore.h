#pragma once

#include "autotune/CacheLocation.h"
#include "autotune/Configuration.h"

#include <memory>

namespace halftone {

/// Which of the places of CacheLocation a configuration is in.
enum class Layer : uint8_t { Explicit, User, Memory, System, Shipped };
std::string_view layerName(Layer layer); ///< "explicit", "user", "memory", "system", "shipped"

/// The answer to a lookup: a hit, or the nearest there is, or neither; never an error. The caller
/// checks the schedule (checkSchedule) and falls back to defaultSchedule.
struct Lookup {
  enum class Match : uint8_t {
    Hit,     ///< the result of exactly this key
    Nearest, ///< of another key, whose schedule is worth trying
    Miss,
  };
  Match match = Match::Miss;
  std::optional<Configuration> configuration; ///< unless it is a miss
  Layer layer = Layer::User;                  ///< unless it is a miss

  /// What differs: between the key and the configuration's, or, of a miss, between the key and the
  /// closest that may not be used. Empty for a hit, and where nothing is stored.
  std::vector<KeyDifference> differences;

  /// One line to show: "tuned (user, 2026-11-24T18:45:00Z)"; "nearest: heads is 40 here and 24
  /// there"; "not tuned: pattern is ... here and ... there"; "not tuned: nothing is stored".
  std::string text() const;
};

/// Tuned configurations by key, in layers: the explicit file, the user's folder, the system's, the
/// shipped ones. Only the user's is written, one file an entry, whole or not at all, the moment it
/// is put; no lock is needed between processes.
///
/// Trouble with the disk never prevents a result: what cannot be read is a miss, what cannot be
/// written is kept in memory, and each trouble is one warning. Thread-safe.
class ConfigurationStore {
public:
  explicit ConfigurationStore(CacheLocation location = CacheLocation::find());
  ConfigurationStore(ConfigurationStore &&) noexcept;
  ConfigurationStore &operator=(ConfigurationStore &&) noexcept;
  ~ConfigurationStore();

  Lookup get(const Key &key) const;

  /// Replaces what was there. A Misuse error where the configuration is not one that can be kept: a
  /// time that is not a positive number, say. A configuration that could not be written to disk is
  /// no error: it is kept in memory and there is a warning.
  Status put(const Configuration &configuration);

  struct Stored {
    Configuration configuration;
    Layer layer = Layer::User;
    std::string path; ///< of its file; empty in memory
  };
  /// Everything, layer by layer, each by hash; also what a layer above hides.
  std::vector<Stored> all() const;
  /// Removes from the user's folder and from memory; true if it was there.
  Result<bool> remove(const Key &key);
  /// Removes everything from the user's folder and from memory; gives the count.
  Result<size_t> clear();
  /// Removes what cannot be used from the user's folder, and what interrupted writers left more
  /// than an hour ago; gives the count of entries.
  Result<size_t> removeDamaged();

  /// What went wrong since the last call, each a line for the user, none told twice.
  std::vector<std::string> takeWarnings();

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace halftone
