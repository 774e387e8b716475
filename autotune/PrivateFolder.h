#pragma once

#include "dsl/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// A folder that nobody but this user and root can have put anything into, and its files. Every
/// folder on the way to it and every file in it must belong to this user or to root and be writable
/// by no one else; folders that others may write to but not rename in (sticky, as /tmp is) are
/// passed on the way. Links are followed on the way as long as they belong to this user or to root,
/// and not at all below. What is made is 0700 and 0600.
///
/// Files are opened relative to the folder that was checked, so what was checked is what is used.
/// Errors are File errors whose message is a whole warning.
class PrivateFolder {
public:
  enum class Open : uint8_t { Existing, Create };
  /// Nothing where the folder does not exist and is not to be made.
  static Result<std::optional<PrivateFolder>> open(const std::string &path, Open how);
  /// A folder in this one, by a plain name.
  Result<std::optional<PrivateFolder>> folder(const std::string &name, Open how) const;

  PrivateFolder(PrivateFolder &&other) noexcept;
  PrivateFolder &operator=(PrivateFolder &&other) noexcept;
  ~PrivateFolder();

  const std::string &path() const { return where; }

  /// The bytes of a file, at most `mostBytes`; nothing where it does not exist.
  Result<std::optional<std::string>> read(const std::string &name, size_t mostBytes) const;
  /// Puts a whole file in place, or leaves what was there: written under another name, synced,
  /// renamed.
  Status write(const std::string &name, std::string_view bytes) const;
  /// True if it was there.
  Result<bool> remove(const std::string &name) const;
  /// Sets the time of a file to now if it is `seconds` old: it was used. Not being allowed to is no
  /// error.
  void touch(const std::string &name, int64_t seconds) const;

  struct File {
    std::string name;
    uint64_t bytes = 0;
    int64_t modified = 0; ///< nanoseconds since 1970
  };
  /// Regular files, those of writers that were interrupted left out, by name.
  Result<std::vector<File>> list() const;
  /// Removes what interrupted writers left more than `seconds` ago; gives the count.
  Result<size_t> removeLeftovers(int64_t seconds) const;

private:
  PrivateFolder(int descriptor, std::string path);
  Result<std::vector<File>> files(bool leftovers) const;

  int descriptor = -1;
  std::string where;
};

} // namespace halftone
