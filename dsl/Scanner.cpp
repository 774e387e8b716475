#include "dsl/Scanner.h"

#include <charconv>

namespace halftone {

namespace {

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool isWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool isDigit(char c) { return c >= '0' && c <= '9'; }

} // namespace

void Scanner::skipBlanks() {
  while (position < text.size() && isBlank(text[position]))
    ++position;
}

void Scanner::advance(size_t characters) {
  position += characters;
  skipBlanks();
}

bool Scanner::sees(std::string_view symbol) const {
  return !failed() && text.substr(position).starts_with(symbol);
}

bool Scanner::seesDigit() const { return !failed() && !atEnd() && isDigit(text[position]); }

bool Scanner::seesNegativeNumber() const {
  return sees("-") && position + 1 < text.size() && isDigit(text[position + 1]);
}

bool Scanner::accept(std::string_view symbol) {
  if (!sees(symbol))
    return false;
  advance(symbol.size());
  return true;
}

bool Scanner::expect(std::string_view symbol) {
  if (accept(symbol))
    return true;
  failExpected("`" + std::string(symbol) + "`");
  return false;
}

std::string_view Scanner::peekWord() const {
  if (failed())
    return {};
  size_t end = position;
  while (end < text.size() && isWordCharacter(text[end]))
    ++end;
  return text.substr(position, end - position);
}

std::string_view Scanner::word() {
  std::string_view result = peekWord();
  advance(result.size());
  return result;
}

std::string_view Scanner::numberText() {
  if (failed())
    return {};
  size_t end = position;
  while (end < text.size() &&
         (isWordCharacter(text[end]) || text[end] == '.' || text[end] == '-' || text[end] == '+'))
    ++end;
  std::string_view result = text.substr(position, end - position);
  advance(result.size());
  return result;
}

int64_t Scanner::integer() {
  if (failed())
    return 0;
  size_t first = position + (sees("-") ? 1 : 0);
  if (first == text.size() || !isDigit(text[first])) {
    failExpected("a whole number");
    return 0;
  }
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data() + position, text.data() + text.size(), value);
  if (error != std::errc{}) {
    fail("a number that 64 bits do not hold", "use one between -2^63 and 2^63 - 1", where());
    return 0;
  }
  advance(size_t(end - text.data()) - position);
  return value;
}

template <typename Float> Float Scanner::floatingValue() {
  Where at = where();
  size_t start = position;
  std::string_view digits = numberText();
  if (failed())
    return 0;
  Float value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) {
    fail("a number out of range: `" + std::string(digits) + "`", "use a smaller one", at);
  } else if (error != std::errc{} || end != digits.data() + digits.size()) {
    position = start;
    failExpected("a number such as 0.5");
  }
  return failed() ? 0 : value;
}

double Scanner::floating() { return floatingValue<double>(); }
float Scanner::narrowFloating() { return floatingValue<float>(); }

std::string Scanner::nextToken() const {
  if (atEnd())
    return "the end";
  if (std::string_view next = peekWord(); !next.empty())
    return "`" + std::string(next.substr(0, 40)) + (next.size() > 40 ? "...`" : "`");
  unsigned char byte = static_cast<unsigned char>(text[position]);
  if (byte > ' ' && byte < 0x7f)
    return "`" + std::string(sees(std::string(2, text[position])) ? 2 : 1, text[position]) + "`";
  constexpr char hexDigits[] = "0123456789abcdef";
  return std::string("byte 0x") + hexDigits[byte >> 4] + hexDigits[byte & 15];
}

void Scanner::failExpected(std::string_view what, std::string fix) {
  if (!failed())
    fail("expected " + std::string(what) + ", found " + nextToken(), std::move(fix), where());
}

void Scanner::fail(std::string message, std::string fix, Where where) {
  if (!failed())
    failure = misuse(std::move(message), std::move(fix), std::move(where));
}

} // namespace halftone
