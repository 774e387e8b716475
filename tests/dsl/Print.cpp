#include "dsl/Print.h"

#include "dsl/Parse.h"
#include "tests/dsl/Property.h"
#include "tests/dsl/RandomTree.h"

#include <doctest/doctest.h>

using namespace halftone;

namespace {

const Token q{Side::Query}, k{Side::Key};

/// The position of the bracket that closes the one at `open`.
size_t closing(const std::string &text, size_t open) {
  int level = 0;
  for (size_t i = open; i < text.size(); ++i) {
    level += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (level == 0)
      return i;
  }
  return std::string::npos;
}

/// Whether the bracket at `open` groups: not a call's, and not the one that people's eyes need
/// after a negation.
bool groups(const std::string &text, size_t open) {
  return text[open] == '(' &&
         (open == 0 || (!std::isalnum(text[open - 1]) && text[open - 1] != '~'));
}

} // namespace

TEST_CASE("brackets stand where precedence needs them and nowhere else") {
  Expr a = q.index(), b = k.index(), c = q.index();
  Pattern x = q.isText(), y = k.isText();
  CHECK((a + b + c).text() == "q.index + k.index + q.index");
  CHECK((a + (b + c)).text() == "q.index + (k.index + q.index)");
  CHECK((a - (b - c)).text() == "q.index - (k.index - q.index)");
  CHECK((a - b * 2).text() == "q.index - k.index * 2");
  CHECK(((a - b) * 2).text() == "(q.index - k.index) * 2");
  CHECK((a / 2 * 3).text() == "q.index / 2 * 3");
  CHECK((a / (Expr(2) * 3)).text() == "q.index / (2 * 3)");
  CHECK((a % (b % c)).text() == "q.index % (k.index % q.index)");
  CHECK((-(a + b)).text() == "-(q.index + k.index)");
  CHECK((-a * 2).text() == "-q.index * 2");
  CHECK((-(a * 2)).text() == "-(q.index * 2)");
  CHECK((-(-a)).text() == "--q.index");
  CHECK((a - (-b)).text() == "q.index - -k.index");
  CHECK((a * -5).text() == "q.index * -5");
  CHECK((x | y & x).text() == "q.isText | k.isText & q.isText");
  CHECK(((x | y) & x).text() == "(q.isText | k.isText) & q.isText");
  CHECK((x | (y | x)).text() == "q.isText | (k.isText | q.isText)");
  CHECK((~(x | y)).text() == "~(q.isText | k.isText)");
  CHECK((~~x).text() == "~~q.isText");
  CHECK((~(a == b) & x).text() == "~(q.index == k.index) & q.isText");
  CHECK((a + 1 == b * 2).text() == "q.index + 1 == k.index * 2");
}

TEST_CASE("an excerpt is the start of a long text") {
  Expr longOne = q.index();
  for (int i = 0; i < 20; ++i)
    longOne = longOne + k.index();
  std::string text = excerpt(*longOne.node());
  CHECK(text.size() == 72);
  CHECK(text.ends_with("..."));
  CHECK(excerpt(*q.index().node()) == "q.index");
}

TEST_CASE("no bracket can be left out") {
  CHECK(test::holds("minimal brackets", 1000, [] {
    Pattern pattern = test::RandomTree{}.pattern(*rc::gen::inRange(1, 6));
    std::string text = pattern.text();
    for (size_t open = 0; open < text.size(); ++open) {
      if (!groups(text, open))
        continue;
      size_t close = closing(text, open);
      std::string without = text;
      without[open] = without[close] = ' ';
      Result<Pattern> other = parsePattern(without);
      RC_ASSERT((!other || !(*other == pattern)));
    }
  }));
}
