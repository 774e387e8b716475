#include "tests/fuzz/CheckedProblem.h"

#include "dsl/Parse.h"
#include "dsl/Program.h"
#include "tests/fuzz/Require.h"

#include <algorithm>

namespace halftone::fuzz {

void requireReadsBack(const Pattern &pattern) {
  std::string text = pattern.text();
  Result<Pattern> back = parsePattern(text);
  require(bool(back), "a pattern's text can be read", text);
  require(*back == pattern && back->text() == text && back->hash() == pattern.hash(),
          "a pattern reads back to itself", text);
}

bool requireSound(const Problem &problem) {
  std::string text = problem.text();
  Result<Problem> back = parseProblem(text);
  require(bool(back), "a problem's text can be read", text);
  require(back->text() == text, "a problem reads back to the same text", text);
  Status status = problem.check();
  require(bool(back->check()) == bool(status), "what was read back is as sound", text);
  if (!status) {
    require(status.error().code == ErrorCode::Misuse, "a mistake is a misuse", text);
    requirePrintable(status.error(), text);
    return false;
  }
  // A program has tables of every token and block; those of large layouts take their time.
  constexpr int64_t fewTokens = 4096;
  if (std::max(problem.query().tokenCount(), problem.key().tokenCount()) > fewTokens)
    return true;
  if (Result<Program> program = lowerProgram(problem); !program) {
    require(program.error().code == ErrorCode::Unsupported, "a sound problem has a program", text);
    requirePrintable(program.error(), text);
  }
  return true;
}

} // namespace halftone::fuzz
