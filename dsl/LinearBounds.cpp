#include "dsl/LinearBounds.h"

#include "dsl/BoundPieces.h"

#include <algorithm>
#include <cstdlib>

namespace halftone {
namespace {

/// The product, or the nearest number that fits.
int64_t product(int64_t a, int64_t b) {
  int64_t result;
  if (!__builtin_mul_overflow(a, b, &result))
    return result;
  return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

} // namespace

void BoundArithmetic::add(const Bounds &a, const Bounds &b, Bounds &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const BoundPiece &l, const BoundPiece &r) {
    out.push_back({x.begin, l.low + r.low, l.high + r.high});
  });
}

void BoundArithmetic::subtract(const Bounds &a, const Bounds &b, Bounds &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const BoundPiece &l, const BoundPiece &r) {
    out.push_back({x.begin, l.low - r.high, l.high - r.low});
  });
}

void BoundArithmetic::multiply(const Bounds &a, const Bounds &b, Bounds &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const BoundPiece &l, const BoundPiece &r) {
    if (l.isExactConstant() || r.isExactConstant()) {
      int64_t factor = l.isExactConstant() ? l.low.offset : r.low.offset;
      const BoundPiece &other = l.isExactConstant() ? r : l;
      Line low = other.low * factor, high = other.high * factor;
      if (factor < 0)
        std::swap(low, high);
      out.push_back({x.begin, low, high});
      return;
    }
    forEachChunk(x, l.isConstant() && r.isConstant() ? x.end - x.begin : resolution.coarse,
                 out.size() > resolution.limit, [&](Domain chunk) {
                   Hull left = hullOf(l, chunk), right = hullOf(r, chunk);
                   auto [low, high] =
                       std::minmax({left.low * right.low, left.low * right.high,
                                    left.high * right.low, product(left.high, right.high)});
                   out.push_back({chunk.begin, {low, 0}, {high, 0}});
                 });
  });
}

void BoundArithmetic::minimum(const Bounds &a, const Bounds &b, Bounds &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const BoundPiece &l, const BoundPiece &r) {
    if (!isModerate(l, x) || !isModerate(r, x)) {
      Hull left = hullOf(l, x), right = hullOf(r, x);
      out.push_back(
          {x.begin, {std::min(left.low, right.low), 0}, {std::min(left.high, right.high), 0}});
      return;
    }
    forEachSign(x, {l.low - r.low, l.high - r.high}, [&](Domain part, auto atLeastZero) {
      out.push_back({part.begin, atLeastZero[0] ? r.low : l.low, atLeastZero[1] ? r.high : l.high});
    });
  });
}

void BoundArithmetic::maximum(const Bounds &a, const Bounds &b, Bounds &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const BoundPiece &l, const BoundPiece &r) {
    if (!isModerate(l, x) || !isModerate(r, x)) {
      Hull left = hullOf(l, x), right = hullOf(r, x);
      out.push_back(
          {x.begin, {std::max(left.low, right.low), 0}, {std::max(left.high, right.high), 0}});
      return;
    }
    forEachSign(x, {l.low - r.low, l.high - r.high}, [&](Domain part, auto atLeastZero) {
      out.push_back({part.begin, atLeastZero[0] ? l.low : r.low, atLeastZero[1] ? l.high : r.high});
    });
  });
}

void BoundArithmetic::absolute(const Bounds &a, Bounds &out) const {
  out.clear();
  forEachPiece(domain, a, [&](Domain x, const BoundPiece &piece) {
    Line zero;
    if (!isModerate(piece, x)) {
      Hull hull = hullOf(piece, x);
      int64_t least = std::max(hull.low, -INT64_MAX);
      out.push_back({x.begin, zero, {std::max(std::abs(least), std::abs(hull.high)), 0}});
      return;
    }
    std::array<Line, 3> signs{piece.low, zero - piece.high, piece.low + piece.high};
    forEachSign(x, signs, [&](Domain part, auto atLeastZero) {
      if (atLeastZero[0]) // low >= 0
        out.push_back({part.begin, piece.low, piece.high});
      else if (atLeastZero[1]) // high <= 0
        out.push_back({part.begin, zero - piece.high, zero - piece.low});
      else
        out.push_back({part.begin, zero, atLeastZero[2] ? piece.high : zero - piece.low});
    });
  });
}

void BoundArithmetic::select(const Truths &condition, const Bounds &yes, const Bounds &no,
                             Bounds &out) const {
  // Bounds of either choice, then of the one that is certain to be taken.
  Bounds low, high;
  minimum(yes, no, low);
  maximum(yes, no, high);
  out.clear();
  size_t i = 0, j = 0, k = 0, l = 0, m = 0;
  for (int64_t x = domain.begin; x < domain.end;) {
    int64_t next = domain.end;
    auto advance = [&](const auto &pieces, size_t &at) {
      while (at + 1 < pieces.size() && pieces[at + 1].begin <= x)
        ++at;
      if (at + 1 < pieces.size())
        next = std::min(next, pieces[at + 1].begin);
    };
    advance(condition, i);
    advance(yes, j);
    advance(no, k);
    advance(low, l);
    advance(high, m);
    if (condition[i].kept == Kept::All)
      out.push_back({x, yes[j].low, yes[j].high});
    else if (condition[i].kept == Kept::None)
      out.push_back({x, no[k].low, no[k].high});
    else
      out.push_back({x, low[l].low, high[m].high});
    x = next;
  }
}

void BoundArithmetic::equal(const Bounds &a, const Bounds &b, Truths &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const BoundPiece &l, const BoundPiece &r) {
    if (!isModerate(l, x) || !isModerate(r, x))
      return appendTruth(out, x.begin, Kept::Some);
    Line low = l.low - r.high, high = l.high - r.low, zero;
    std::array<Line, 4> signs{low, zero - low, high, zero - high};
    forEachSign(x, signs, [&](Domain part, auto atLeastZero) {
      bool possible = atLeastZero[1] && atLeastZero[2];
      bool certain = atLeastZero[0] && atLeastZero[3];
      appendTruth(out, part.begin, certain ? Kept::All : possible ? Kept::Some : Kept::None);
    });
  });
}

void BoundArithmetic::less(const Bounds &a, const Bounds &b, Truths &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const BoundPiece &l, const BoundPiece &r) {
    if (!isModerate(l, x) || !isModerate(r, x))
      return appendTruth(out, x.begin, Kept::Some);
    forEachSign(x, {l.low - r.high, l.high - r.low}, [&](Domain part, auto atLeastZero) {
      appendTruth(out, part.begin,
                  !atLeastZero[1]   ? Kept::All
                  : !atLeastZero[0] ? Kept::Some
                                    : Kept::None);
    });
  });
}

void BoundArithmetic::both(const Truths &a, const Truths &b, Truths &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const TruthPiece &l, const TruthPiece &r) {
    appendTruth(out, x.begin, std::min(l.kept, r.kept));
  });
}

void BoundArithmetic::either(const Truths &a, const Truths &b, Truths &out) const {
  out.clear();
  forEachPiece(domain, a, b, [&](Domain x, const TruthPiece &l, const TruthPiece &r) {
    appendTruth(out, x.begin, std::max(l.kept, r.kept));
  });
}

void BoundArithmetic::negate(Truths &truths) const {
  for (TruthPiece &piece : truths)
    piece.kept = Kept(2 - int(piece.kept));
}

} // namespace halftone
