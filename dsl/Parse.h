#pragma once

#include "dsl/Layout.h"
#include "dsl/Problem.h"

#include <string_view>

namespace halftone {

/// Reads back what text() writes. An error is a Misuse whose `where` holds the column, and whose
/// message shows what was expected there. What can be read but means nothing, such as a comparison
/// of frames with places, is refused here too: a tree that was read has no mistake in it.
///
///   pattern    := conjunct ('|' conjunct)*
///   conjunct   := factor ('&' factor)*
///   factor     := '~' factor | '(' pattern ')' | comparison | 'true' | 'false'
///               | ('q'|'k') '.isText' | 'rounded(' pattern ', any|all, ' int ')'
///               | 'radialBlocks(decay=' decimal ', block=' int ', sink=' ('0'|'1') ')'
///   comparison := sum ('=='|'!='|'<'|'<='|'>'|'>=') sum
///   sum        := term (('+'|'-') term)*
///   term       := unary (('*'|'/'|'%') unary)*          -- '/' and '%' round towards minus
///   infinity unary      := '-' unary | int | ('q'|'k') '.' coordinate | 'head' | 'batch' | '(' sum
///   ')'
///               | ('abs'|'bits'|'pow2') '(' sum ')' | ('min'|'max') '(' sum ', ' sum ')'
///               | 'select(' pattern ', ' sum ', ' sum ')' | 'scaled(' sum ', ' decimal ')'
///
///   layout     := 'video(frames=' int ', height=' int ', width=' int [', text=' int] ')'
///               | 'sequence(' int ')' | 'packed(' int (', ' int)* ')'
///   problem    := 'attention' field* ['where' pattern]         -- without it: true
///   field      := ('query'|'key') '=' layout                   -- query is needed; key: as query
///               | ('batch'|'heads'|'kv_heads'|'head_dim') '=' int | 'element=' (f32|f16|bf16)
///               | 'lse=' ('0'|'1') | ('scale'|'softcap') '=' float
///               | 'bias=(' sum ';' float* ')'                  -- as often as needed
///
/// Blanks between tokens do not matter. '~' takes a whole comparison: ~a == b is ~(a == b). Sizes
/// are not judged here but by check(). Nesting deeper than 200 is refused.
Result<Pattern> parsePattern(std::string_view text);
Result<Expr> parseExpr(std::string_view text);
Result<Layout> parseLayout(std::string_view text);
Result<Problem> parseProblem(std::string_view text);

} // namespace halftone
