#pragma once

#include "dsl/Node.h"

#include <string_view>
#include <utility>

namespace halftone {

// The words of a pattern's text: Print.cpp writes them, ExpressionReader.cpp reads them.

/// Functions whose arguments are only expressions.
inline constexpr std::pair<std::string_view, Op> functionWords[] = {
    {"abs", Op::Abs}, {"bits", Op::Bits}, {"pow2", Op::Pow2},
    {"min", Op::Min}, {"max", Op::Max},   {"select", Op::Select}};

/// What stands behind `q.` or `k.`.
inline constexpr std::pair<std::string_view, Coordinate> coordinateWords[] = {
    {"index", Coordinate::Index},  {"frame", Coordinate::Frame},   {"place", Coordinate::Place},
    {"row", Coordinate::Row},      {"column", Coordinate::Column}, {"segment", Coordinate::Segment},
    {"isText", Coordinate::IsText}};

/// The word for `meaning`; empty where there is none.
template <typename Meaning, size_t Count>
constexpr std::string_view wordFor(const std::pair<std::string_view, Meaning> (&words)[Count],
                                   Meaning meaning) {
  for (auto [word, known] : words)
    if (known == meaning)
      return word;
  return {};
}

} // namespace halftone
