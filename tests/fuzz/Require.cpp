#include "tests/fuzz/Require.h"

#include <llvm/Support/JSON.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace halftone::fuzz {

void require(bool holds, const char *what, std::string_view input) {
  if (holds)
    return;
  std::fprintf(stderr, "does not hold: %s\nof: %.*s\n", what, int(input.size()), input.data());
  std::abort();
}

void requirePrintable(const Error &error, std::string_view input) {
  std::string text = error.text();
  bool printable = std::none_of(text.begin(), text.end(), [](unsigned char character) {
    return character < ' ' || character == 0x7f;
  });
  require(!error.message.empty(), "a refusal has a message", input);
  require(printable && llvm::json::isUTF8(text), "a message can be printed", text);
}

} // namespace halftone::fuzz
