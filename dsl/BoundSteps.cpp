// Bounds of the operations that make staircases and saws of a line: quotient, remainder, bits and
// powers of two.

#include "dsl/BoundPieces.h"

#include <bit>
#include <initializer_list>

namespace halftone {
namespace {

int64_t floorQuotient(int64_t a, int64_t b) {
  if (b == 0)
    return 0; // checking the problem refuses it
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/// A step of a staircase: `value` for all arguments from `least` to `greatest`.
struct Step {
  int64_t value = 0, least = 0, greatest = 0;
};

Step quotientStep(int64_t argument, int64_t divisor) {
  int64_t quotient = floorQuotient(argument, divisor);
  return {quotient, quotient * divisor, quotient * divisor + (divisor - 1)};
}

Step bitsStep(int64_t argument) {
  if (argument <= 0)
    return {0, INT64_MIN, 0};
  int digits = std::bit_width(uint64_t(argument));
  int64_t least = int64_t{1} << (digits - 1);
  return {digits, least, least + (least - 1)};
}

Step powerStep(int64_t argument) {
  if (argument < 0)
    return {0, INT64_MIN, -1};
  int64_t exponent = std::min<int64_t>(argument, 62);
  return {int64_t{1} << exponent, exponent, exponent == 62 ? INT64_MAX : exponent};
}

/// The first x after range.begin where the line leaves the step, or range.end.
int64_t stepEnd(const Line &line, const Step &step, Domain range) {
  int64_t last = line.at(range.end - 1);
  if (last >= step.least && last <= step.greatest)
    return range.end;
  int64_t value = line.at(range.begin);
  if (line.slope > 0)
    return range.begin + (step.greatest - value) / line.slope + 1;
  return range.begin + (value - step.least) / -line.slope + 1;
}

void appendBound(Bounds &out, int64_t begin, Line low, Line high) {
  if (out.empty() || out.back().low != low || out.back().high != high)
    out.push_back({begin, low, high});
}

/// Follows the steps of both lines: body(range, step of low, step of high), where the steps hold
/// over all of the range. Where they are shorter than `fine`, bound(range) is called instead.
template <typename StepAt, typename Body, typename Bound>
void forEachStep(const BoundPiece &piece, Domain range, int64_t fine, StepAt stepAt, Body body,
                 Bound bound) {
  for (int64_t x = range.begin; x < range.end;) {
    Domain rest{x, range.end};
    Step low = stepAt(piece.low.at(x)), high = stepAt(piece.high.at(x));
    int64_t next = std::min(stepEnd(piece.low, low, rest), stepEnd(piece.high, high, rest));
    if (next - x >= fine || next == range.end) {
      body(Domain{x, next}, low, high);
    } else {
      next = std::min(range.end, x + fine);
      bound(Domain{x, next});
    }
    x = next;
  }
}

/// Bounds of a rising staircase over one piece.
template <typename StepAt>
void appendStaircase(const BoundPiece &piece, Domain range, const Resolution &resolution,
                     StepAt stepAt, Bounds &out) {
  int64_t fine = out.size() > resolution.limit ? range.end - range.begin : resolution.fine;
  forEachStep(
      piece, range, fine, stepAt,
      [&](Domain x, const Step &low, const Step &high) {
        appendBound(out, x.begin, {low.value, 0}, {high.value, 0});
      },
      [&](Domain x) {
        Hull hull = hullOf(piece, x);
        appendBound(out, x.begin, {stepAt(hull.low).value, 0}, {stepAt(hull.high).value, 0});
      });
}

BoundPiece negated(const BoundPiece &piece) {
  Line zero;
  return {piece.begin, zero - piece.high, zero - piece.low};
}

/// Quotients by a range of divisors, from the corners.
Hull quotientHull(const Hull &a, const Hull &b) {
  if (b.low <= 0 && b.high >= 0) {
    int64_t most = std::max(std::abs(a.low), std::abs(a.high));
    return {-most, most};
  }
  auto [low, high] = std::minmax({floorQuotient(a.low, b.low), floorQuotient(a.low, b.high),
                                  floorQuotient(a.high, b.low), floorQuotient(a.high, b.high)});
  return {low, high};
}

/// Remainders by a range of divisors: they lie between 0 and the divisor.
Hull remainderHull(const Hull &a, const Hull &b) {
  if (b.low > 0 && a.low >= 0)
    return a.high < b.low ? a : Hull{0, std::min(a.high, b.high - 1)};
  return {std::min<int64_t>(0, b.low + 1), std::max<int64_t>(0, b.high - 1)};
}

void appendRemainders(BoundPiece piece, int64_t divisor, Domain range, const Resolution &resolution,
                      Bounds &out) {
  // Taking multiples of the divisor off both slopes changes no remainder and makes steps longer.
  if (piece.low.slope == piece.high.slope) {
    int64_t multiple = floorQuotient(piece.low.slope + divisor / 2, divisor) * divisor;
    piece.low = piece.low - Line{0, multiple};
    piece.high = piece.high - Line{0, multiple};
  }
  auto anything = [&](Domain x) { appendBound(out, x.begin, {0, 0}, {divisor - 1, 0}); };
  uint64_t steepest = std::max(std::abs(piece.low.slope), std::abs(piece.high.slope));
  // A saw with a tooth in every granule is not worth following.
  bool steep = steepest != 0 && uint64_t(divisor) / steepest <= uint64_t(resolution.coarse) &&
               range.end - range.begin > resolution.coarse;
  if (steep || out.size() > resolution.limit)
    return anything(range);
  forEachStep(
      piece, range, 1, [&](int64_t argument) { return quotientStep(argument, divisor); },
      [&](Domain x, const Step &low, const Step &high) {
        if (low.value != high.value)
          return anything(x);
        appendBound(out, x.begin, piece.low + -low.least, piece.high + -low.least);
      },
      anything);
}

} // namespace

void BoundArithmetic::divide(const Bounds &a, const Bounds &b, Bounds &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const BoundPiece &l, const BoundPiece &r) {
    if (!r.isExactConstant() || !isModerate(l, x)) {
      forEachChunk(x, l.isConstant() && r.isConstant() ? x.end - x.begin : resolution.coarse,
                   out.size() > resolution.limit, [&](Domain chunk) {
                     Hull hull = quotientHull(hullOf(l, chunk), hullOf(r, chunk));
                     appendBound(out, chunk.begin, {hull.low, 0}, {hull.high, 0});
                   });
      return;
    }
    int64_t divisor = r.low.offset;
    BoundPiece dividend = divisor < 0 ? negated(l) : l;
    divisor = std::max<int64_t>(1, std::abs(divisor));
    if (dividend.low.slope % divisor == 0 && dividend.high.slope % divisor == 0) {
      auto quotient = [&](const Line &line) {
        Line flat{floorQuotient(line.at(x.begin), divisor), 0};
        Line rise{0, line.slope / divisor};
        return flat + rise - Line{rise.at(x.begin), 0};
      };
      appendBound(out, x.begin, quotient(dividend.low), quotient(dividend.high));
      return;
    }
    appendStaircase(
        dividend, x, resolution, [&](int64_t argument) { return quotientStep(argument, divisor); },
        out);
  });
}

void BoundArithmetic::modulo(const Bounds &a, const Bounds &b, Bounds &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const BoundPiece &l, const BoundPiece &r) {
    if (!r.isExactConstant() || !isModerate(l, x)) {
      forEachChunk(x, l.isConstant() && r.isConstant() ? x.end - x.begin : resolution.coarse,
                   out.size() > resolution.limit, [&](Domain chunk) {
                     Hull hull = remainderHull(hullOf(l, chunk), hullOf(r, chunk));
                     appendBound(out, chunk.begin, {hull.low, 0}, {hull.high, 0});
                   });
      return;
    }
    int64_t divisor = r.low.offset;
    if (divisor > 0)
      return appendRemainders(l, divisor, x, resolution, out);
    if (divisor == 0)
      return appendBound(out, x.begin, {}, {});
    Bounds mirrored; // a mod -m is -(-a mod m)
    appendRemainders(negated(l), -divisor, x, resolution, mirrored);
    for (const BoundPiece &piece : mirrored) {
      BoundPiece result = negated(piece);
      appendBound(out, result.begin, result.low, result.high);
    }
  });
}

void BoundArithmetic::bits(const Bounds &a, Bounds &out) const {
  out.clear();
  forEachPiece(domain, a, [&](Domain x, const BoundPiece &piece) {
    appendStaircase(piece, x, resolution, bitsStep, out);
  });
}

void BoundArithmetic::pow2(const Bounds &a, Bounds &out) const {
  out.clear();
  forEachPiece(domain, a, [&](Domain x, const BoundPiece &piece) {
    appendStaircase(piece, x, resolution, powerStep, out);
  });
}

} // namespace halftone
