#pragma once

#include "autotune/CacheLocation.h"
#include "runtime/Image.h"

#include <memory>
#include <optional>

namespace halftone {

/// Compiled images of this user, in the folder images/ of the user's cache: one file each, named by
/// ImageKey::hash(), with that name and a SHA-256 of the rest inside. It is code that will be run,
/// so what others may have written is not looked at (autotune/PrivateFolder.h), and what is not
/// byte for byte what was put is not loaded: both are a miss with one warning. The digest tells
/// damage; that nobody else can write there is what tells malice.
///
/// Trouble with the disk is never an error. Thread-safe.
class ImageStore {
public:
  static constexpr uint64_t defaultLimit = uint64_t(512) << 20;

  /// Keeps at most `limitBytes` on disk: whatever was not used for longest goes first.
  explicit ImageStore(const CacheLocation &location = CacheLocation::find(),
                      uint64_t limitBytes = defaultLimit);
  ImageStore(ImageStore &&) noexcept;
  ImageStore &operator=(ImageStore &&) noexcept;
  ~ImageStore();

  /// Nothing where there is none that may be loaded.
  std::optional<Image> get(const std::string &keyHash) const;
  /// False where it could not be kept; a warning says why.
  bool put(const std::string &keyHash, const Image &image);

  struct Stored {
    std::string keyHash;
    uint64_t bytes = 0;
    int64_t lastUsed = 0; ///< nanoseconds since 1970
  };
  /// By name.
  std::vector<Stored> all() const;
  Result<bool> remove(const std::string &keyHash) const;
  /// Removes those that may not be loaded; gives the count.
  Result<size_t> removeDamaged() const;
  /// Removes the images that were not used for longest until the rest has at most `limitBytes`, and
  /// what interrupted writers left; gives the count of images.
  Result<size_t> prune(uint64_t limitBytes) const;

  /// What went wrong since the last call, each a line for the user, none told twice.
  std::vector<std::string> takeWarnings();

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace halftone
