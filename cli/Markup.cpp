#include "cli/Markup.h"

namespace halftone::cli {

std::string escapedMarkup(std::string_view text) {
  std::string result;
  for (char character : text) {
    switch (character) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      result += character;
    }
  }
  return result;
}

} // namespace halftone::cli
