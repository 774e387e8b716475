// The canonical text of patterns, expressions, layouts and problems, as it comes from --where,
// --problem, the cache and the C interface.

#include "dsl/Parse.h"
#include "tests/fuzz/CheckedProblem.h"
#include "tests/fuzz/Require.h"
#include "tests/fuzz/Target.h"

namespace halftone::fuzz {
namespace {

template <typename T> bool accepted(const Result<T> &parsed, std::string_view input) {
  if (!parsed)
    requirePrintable(parsed.error(), input);
  return bool(parsed);
}

} // namespace

bool feed(std::string_view input) {
  Result<Pattern> pattern = parsePattern(input);
  if (accepted(pattern, input))
    requireReadsBack(*pattern);

  Result<Expr> expr = parseExpr(input);
  if (accepted(expr, input)) {
    Result<Expr> back = parseExpr(expr->text());
    require(back && sameTree(*back->node(), *expr->node()) && back->unit() == expr->unit(),
            "an expression reads back to itself", input);
  }

  Result<Layout> layout = parseLayout(input);
  if (accepted(layout, input)) {
    Result<Layout> back = parseLayout(layout->text());
    require(back && back->text() == layout->text(), "a layout reads back to its text", input);
    Status status = layout->check();
    require(!status || *back == *layout, "a sound layout reads back to itself", input);
  }

  Result<Problem> problem = parseProblem(input);
  if (accepted(problem, input))
    requireSound(*problem);
  return pattern || expr || layout || problem;
}

} // namespace halftone::fuzz
