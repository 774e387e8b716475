#pragma once

#include "dsl/Where.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace halftone {

/// What went wrong, in the terms of the command line's exit codes (docs/design.md): the value of a
/// code is the exit code of `halftone`, and stable.
enum class ErrorCode : int {
  ResultFailed = 1,  ///< a wrong answer, or slower than the limit asked for
  Misuse = 2,        ///< the caller's mistake: a bad pattern, size, option or file content
  Unsupported = 3,   ///< a valid problem or target that this build cannot do
  NoDevice = 4,      ///< no GPU, no driver, or one too old
  CompileFailed = 5, ///< code generation, ptxas or the driver's JIT refused
  NoCandidate = 6,   ///< the tuner found no valid schedule
  File = 7,          ///< a cache entry or file could not be read or written
  Internal = 70,     ///< our own mistake
};

/// One failure: what was wrong, where in the user's program, and the nearest fix.
struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message; ///< one sentence, no trailing newline
  Where where;         ///< unknown where the user's source has no part in it
  std::string fix;     ///< the nearest fix; may be empty

  /// "clip.cpp:12: message; fix" on one line.
  std::string text() const;
};

inline Error misuse(std::string message, std::string fix = {}, Where where = {}) {
  return {ErrorCode::Misuse, std::move(message), std::move(where), std::move(fix)};
}
inline Error unsupported(std::string message, std::string fix = {}, Where where = {}) {
  return {ErrorCode::Unsupported, std::move(message), std::move(where), std::move(fix)};
}
inline Error fileError(std::string message, std::string fix = {}) {
  return {ErrorCode::File, std::move(message), {}, std::move(fix)};
}

/// A value, or the error that prevented it. Nothing in Halftone throws.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state(std::move(value)) {}
  Result(Error error) : state(std::move(error)) {}

  explicit operator bool() const { return std::holds_alternative<T>(state); }
  T &operator*() { return std::get<T>(state); }
  const T &operator*() const { return std::get<T>(state); }
  T *operator->() { return &std::get<T>(state); }
  const T *operator->() const { return &std::get<T>(state); }
  Error &error() { return std::get<Error>(state); }
  const Error &error() const { return std::get<Error>(state); }

private:
  std::variant<T, Error> state;
};

/// Success, or an error.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Error error) : failure(std::move(error)) {}

  explicit operator bool() const { return !failure; }
  Error &error() { return *failure; }
  const Error &error() const { return *failure; }

private:
  std::optional<Error> failure;
};

} // namespace halftone
