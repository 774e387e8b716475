#pragma once

#include "dsl/Error.h"

#include <memory>
#include <string>
#include <string_view>

namespace halftone::cli {

/// A file that appears whole or not at all: written under a temporary name beside its place, and
/// renamed over it by commit(). Nothing is left behind when it is dropped before that, or when the
/// program is interrupted. What is not a regular file (a device, a pipe) is written directly.
class AtomicFile {
public:
  static Result<AtomicFile> create(const std::string &path);
  AtomicFile(AtomicFile &&) noexcept;
  AtomicFile &operator=(AtomicFile &&) noexcept;
  ~AtomicFile();

  /// Whether `path` could be written, found without changing anything.
  static Status probe(const std::string &path);

  /// A failed write is reported by commit().
  void write(std::string_view bytes);
  Status commit();

private:
  struct State;
  explicit AtomicFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

/// A whole file at once.
Status writeFile(const std::string &path, std::string_view bytes);

/// The error of a file that cannot be written, and the nearest fix.
Error unwritable(const std::string &path, const std::string &reason);

} // namespace halftone::cli
