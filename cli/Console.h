#pragma once

#include "dsl/Error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>

namespace halftone::cli {

/// Where a command's words go. Results go to standard output: lines of text, or, with --json, one
/// document at the end and nothing else. Notes and errors go to standard error.
class Console {
public:
  explicit Console(std::string command) : command(std::move(command)) {}

  void rename(std::string name) { command = std::move(name); }

  bool json = false;
  /// The text that a diagnostic's column counts in, shown with a caret under it.
  std::string source;
  /// What --json prints; commands fill it whether or not it is asked for.
  nlohmann::ordered_json document;

  /// A line of the result; dropped with --json.
  template <typename... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments &&...arguments) {
    if (!json)
      raw(fmt::format(format, std::forward<Arguments>(arguments)...) + "\n");
  }
  /// Bytes of the result as they are: the text of a level of IR.
  void raw(std::string_view bytes);
  /// A line for the person watching, on standard error.
  template <typename... Arguments>
  void note(fmt::format_string<Arguments...> format, Arguments &&...arguments) {
    noteLine(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  /// Something that went wrong without preventing a result, on standard error.
  void warn(const std::string &text) { noteLine(fmt::format("{}: warning: {}", command, text)); }

  /// Prints what is left (the document), or the error, and returns the exit code.
  int finish(int exitCode);
  int fail(const Error &error);

  /// Whether text may be coloured: standard output is a terminal and NO_COLOR is not set.
  static bool colour();
  /// Columns of the terminal; 80 where there is none.
  static int columns();

private:
  void noteLine(const std::string &text);
  std::string command;
  bool outputFailed = false;
};

/// "misuse", "unsupported", ...: the code in a JSON document.
std::string_view errorCodeName(ErrorCode code);

} // namespace halftone::cli
