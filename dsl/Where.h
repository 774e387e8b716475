#pragma once

#include <cstdint>
#include <source_location>
#include <string>

namespace halftone {

/// The place in the user's program that a diagnostic points at. For a pattern read from text,
/// `line` is 0 and `column` counts characters from 1 in that text.
struct Where {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;

  Where() = default;
  Where(const std::source_location &at)
      : file(at.file_name()), line(at.line()), column(at.column()) {}

  static Where inText(uint32_t column) {
    Where where;
    where.column = column;
    return where;
  }

  bool isKnown() const { return line != 0 || column != 0; }
  /// "clip.cpp:12" or "column 7"; empty when unknown.
  std::string text() const;
};

} // namespace halftone
