#pragma once

#include "dsl/Layout.h"
#include "dsl/Problem.h"

#include <string_view>

namespace halftone {

/// Reads back what text() writes. A syntax error is a Misuse whose `where` holds the column, and
/// whose message shows what was expected there.
///
///   pattern    := conjunct ('|' conjunct)*
///   conjunct   := factor ('&' factor)*
///   factor     := '~' factor | '(' pattern ')' | comparison | 'true' | 'false'
///               | ('q'|'k') '.isText' | 'rounded(' pattern ', any|all, ' int ')'
///               | 'radialBlocks(decay=' decimal ', block=' int ', sink=' ('0'|'1') ')'
///   comparison := sum ('=='|'!='|'<'|'<='|'>'|'>=') sum
///   sum        := term (('+'|'-') term)*
///   term       := unary (('*'|'/'|'%') unary)*          -- '/' and '%' round towards minus infinity
///   unary      := '-' unary | int | ('q'|'k') '.' coordinate | 'head' | 'batch' | '(' sum ')'
///               | ('abs'|'bits'|'pow2') '(' sum ')' | ('min'|'max') '(' sum ', ' sum ')'
///               | 'select(' pattern ', ' sum ', ' sum ')' | 'scaled(' sum ', ' decimal ')'
///
/// Nesting deeper than 200 is refused.
Result<Pattern> parsePattern(std::string_view text);
Result<Expr> parseExpr(std::string_view text);
Result<Layout> parseLayout(std::string_view text);
Result<Problem> parseProblem(std::string_view text);

} // namespace halftone
