#pragma once

#include <optional>
#include <string>
#include <vector>

namespace halftone {

/// The environment variables that say where the cache is; an empty one counts as not set.
struct CacheEnvironment {
  std::string cacheDir;     ///< HALFTONE_CACHE_DIR
  std::string xdgCacheHome; ///< XDG_CACHE_HOME
  std::string home;         ///< HOME

  static CacheEnvironment ofThisProcess();
};

/// Where tuned configurations are looked for, in this order, and compiled images.
struct CacheLocation {
  /// A file that the caller named; empty: none. Read only.
  std::string explicitFile;
  /// The user's own folder: the one that is written. Empty: results are kept in memory alone.
  std::string userFolder;
  /// Why userFolder is empty, as a warning; empty otherwise.
  std::string whyNoFolder;
  /// Of the machine's administrator. Read only.
  std::string systemFolder;
  /// That came with Halftone. Read only.
  std::string shippedFolder;

  /// userFolder is HALFTONE_CACHE_DIR, else XDG_CACHE_HOME/halftone, else HOME/.cache/halftone;
  /// never a path that depends on the current directory. The system's is /etc/halftone/tuned; the
  /// shipped one share/halftone/tuned beside the running program's bin, else where this library was
  /// installed.
  static CacheLocation
  find(const CacheEnvironment &environment = CacheEnvironment::ofThisProcess());
};

} // namespace halftone
