#include "runtime/EscapedLine.h"

namespace halftone {

std::string escaped(std::string_view value) {
  std::string text;
  for (char c : value)
    if (c == '\n')
      text += "\\n";
    else if (c == '\\')
      text += "\\\\";
    else
      text += c;
  return text;
}

bool unescape(std::string_view text, std::string &value) {
  value.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    ++i;
    if (i == text.size() || (text[i] != 'n' && text[i] != '\\'))
      return false;
    value += text[i] == 'n' ? '\n' : '\\';
  }
  return true;
}

} // namespace halftone
