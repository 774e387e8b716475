#pragma once

#include "dsl/Error.h"

#include <string>

namespace halftone {

/// A private folder for images and logs of a search, gone when it goes. Beside a journal it has a
/// fixed name, so that what a killed search left is taken over by the next, and cleared.
class Scratch {
public:
  /// `beside`: a file, or empty for a new folder among the temporary ones.
  static Result<Scratch> make(const std::string &beside);
  Scratch(Scratch &&other) noexcept;
  Scratch &operator=(Scratch &&) = delete;
  ~Scratch();
  const std::string &path() const { return folder; }

private:
  explicit Scratch(std::string folder) : folder(std::move(folder)) {}
  std::string folder;
};

} // namespace halftone
