#include "dsl/Error.h"

namespace halftone {

std::string Error::text() const {
  std::string result;
  if (where.isKnown())
    result = where.text() + ": ";
  result += message;
  if (!fix.empty())
    result += "; " + fix;
  return result;
}

} // namespace halftone
