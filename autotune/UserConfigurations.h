#pragma once

#include "autotune/Configuration.h"
#include "autotune/PrivateFolder.h"
#include "autotune/Warnings.h"

#include <functional>

namespace halftone {

/// The configurations in the user's folder: configurations/<key hash>.json, one a file. The folder
/// is opened and checked anew for every call, so that it may come and go.
class UserConfigurations {
public:
  /// An empty path: there is no folder; nothing is found and nothing can be written.
  UserConfigurations(std::string root, Warnings &warnings);

  /// Nothing where there is no such entry, or one that cannot be used (a warning says why).
  std::optional<Configuration> get(const std::string &keyHash) const;
  /// False where it could not be written (a warning says why).
  bool put(const std::string &keyHash, std::string_view bytes) const;
  Result<bool> remove(const std::string &keyHash) const;

  struct Stored {
    Configuration configuration;
    std::string path;
  };
  /// The newest `most` entries, by hash.
  std::vector<Stored> all(size_t most) const;

  /// Remove entries, all of them or those that cannot be used, and what interrupted writers left;
  /// give the count of entries. Other files are let be.
  Result<size_t> clear() const;
  Result<size_t> removeDamaged() const;

private:
  Result<std::optional<PrivateFolder>> folder(PrivateFolder::Open how) const;
  Result<size_t> removeWhere(
      const std::function<bool(const PrivateFolder &, const std::string &)> &condition) const;
  std::optional<Configuration> read(const PrivateFolder &folder, const std::string &keyHash) const;

  std::string root;
  Warnings *warnings;
};

} // namespace halftone
