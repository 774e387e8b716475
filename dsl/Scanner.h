#pragma once

#include "dsl/Error.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace halftone {

/// Walks over a text from left to right for the readers of Parse.h. Blanks between tokens are
/// skipped. The first failure stays; after it nothing more is accepted, so a reader may look at it
/// once, at its end.
class Scanner {
public:
  explicit Scanner(std::string_view text) : text(text) { skipBlanks(); }

  /// The place of the next token.
  Where where() const { return Where::inText(uint32_t(position + 1)); }
  bool atEnd() const { return position == text.size(); }
  /// Whether the rest begins with `symbol`.
  bool sees(std::string_view symbol) const;
  bool seesDigit() const;
  /// Whether a minus sign and, after it, a digit are next.
  bool seesNegativeNumber() const;
  /// Takes `symbol` if it is next.
  bool accept(std::string_view symbol);
  /// Takes `symbol`, or fails.
  bool expect(std::string_view symbol);

  /// The word of letters, digits and underscores that is next, without taking it.
  std::string_view peekWord() const;
  /// Takes the next word; empty if there is none.
  std::string_view word();
  /// Takes the characters of a number, if it is one or not: everything up to a blank or one of
  /// ,;().
  std::string_view numberText();
  /// Takes an integer with an optional minus sign, or fails.
  int64_t integer();
  /// Takes a floating-point number, or fails.
  double floating();
  float narrowFloating();

  bool failed() const { return failure.has_value(); }
  const Error &error() const { return *failure; }
  /// Fails with "expected <what>, found <next token>".
  void failExpected(std::string_view what, std::string fix = {});
  void fail(std::string message, std::string fix, Where where);

private:
  void skipBlanks();
  void advance(size_t characters);
  std::string nextToken() const;
  template <typename Float> Float floatingValue();

  std::string_view text;
  size_t position = 0;
  std::optional<Error> failure;
};

} // namespace halftone
