#pragma once

#include "dsl/LinearBounds.h"

#include <algorithm>
#include <array>

namespace halftone {

/// Calls body(range, piece) for the pieces over the domain.
template <typename Pieces, typename Body>
void forEachPiece(Domain domain, const Pieces &a, Body body) {
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t end = i + 1 < a.size() ? a[i + 1].begin : domain.end;
    body(Domain{a[i].begin, end}, a[i]);
  }
}

/// Calls body(range, piece of a, piece of b) for the ranges over which both stay the same.
template <typename Pieces, typename Body>
void forEachPiece(Domain domain, const Pieces &a, const Pieces &b, Body body) {
  size_t i = 0, j = 0;
  for (int64_t x = domain.begin; x < domain.end;) {
    int64_t aEnd = i + 1 < a.size() ? a[i + 1].begin : domain.end;
    int64_t bEnd = j + 1 < b.size() ? b[j + 1].begin : domain.end;
    int64_t end = std::min(aEnd, bEnd);
    body(Domain{x, end}, a[i], b[j]);
    i += aEnd == end;
    j += bEnd == end;
    x = end;
  }
}

/// Cuts a range into chunks of at most `length`; into one if `whole`.
template <typename Body> void forEachChunk(Domain range, int64_t length, bool whole, Body body) {
  if (whole)
    return body(range);
  for (int64_t x = range.begin; x < range.end; x += length)
    body(Domain{x, std::min(range.end, x + length)});
}

/// The first x after range.begin where the line is on the other side of "at least zero", or
/// range.end.
inline int64_t signChange(const Line &line, Domain range) {
  if (line.slope == 0)
    return range.end;
  int64_t first = line.at(range.begin), last = line.at(range.end - 1);
  if ((first >= 0) == (last >= 0))
    return range.end;
  if (first >= 0)
    return range.begin + first / -line.slope + 1;
  return range.begin + (-first + line.slope - 1) / line.slope;
}

/// Cuts a range into parts over which no line changes its sign and calls body(part, atLeastZero)
/// with the sign of each.
template <size_t Count, typename Body>
void forEachSign(Domain range, const std::array<Line, Count> &lines, Body body) {
  std::array<int64_t, Count> changes;
  for (size_t i = 0; i < Count; ++i)
    changes[i] = signChange(lines[i], range);
  for (int64_t x = range.begin; x < range.end;) {
    int64_t next = range.end;
    std::array<bool, Count> atLeastZero;
    for (size_t i = 0; i < Count; ++i) {
      if (changes[i] > x)
        next = std::min(next, changes[i]);
      atLeastZero[i] = lines[i].at(x) >= 0;
    }
    body(Domain{x, next}, atLeastZero);
    x = next;
  }
}
template <typename Body> void forEachSign(Domain range, const Line (&lines)[2], Body body) {
  forEachSign(range, std::array<Line, 2>{lines[0], lines[1]}, body);
}

/// The least and greatest value of a piece over a range.
struct Hull {
  int64_t low = 0, high = 0;
};
inline Hull hullOf(const BoundPiece &piece, Domain range) {
  return {std::min(piece.low.at(range.begin), piece.low.at(range.end - 1)),
          std::max(piece.high.at(range.begin), piece.high.at(range.end - 1))};
}

/// Whether all values of a piece over a range are so far from the limits of 64 bits that the sum or
/// difference of two such values fits.
inline bool isModerate(const BoundPiece &piece, Domain range) {
  constexpr int64_t limit = int64_t{1} << 61;
  Hull hull = hullOf(piece, range);
  int64_t least =
      std::min(hull.low, std::min(piece.high.at(range.begin), piece.high.at(range.end - 1)));
  int64_t most =
      std::max(hull.high, std::max(piece.low.at(range.begin), piece.low.at(range.end - 1)));
  return least > -limit && most < limit;
}

inline void appendTruth(Truths &truths, int64_t begin, Kept kept) {
  if (truths.empty() || truths.back().kept != kept)
    truths.push_back({begin, kept});
}

} // namespace halftone
