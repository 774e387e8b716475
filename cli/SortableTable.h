#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace halftone::cli {

/// A column of a table that sorts when its header is pressed, by mouse or keyboard.
struct SortableColumn {
  std::string name;
  std::string meaning; ///< shown over the header; may be empty
  bool isNumber = true;
};

/// Opens the table and its body. `sorted`: the column by which the rows that follow are in rising
/// order already.
std::string sortableHead(std::span<const SortableColumn> columns, std::optional<size_t> sorted);
std::string_view sortableEnd();

/// A cell that shows `text` and is sorted by `value`.
std::string numberCell(double value, std::string_view text);
/// A cell of text, left-aligned.
std::string textCell(std::string_view text);
/// A cell without a value: last, whichever way the column is sorted.
std::string_view emptyCell();

/// What such tables need in a page, once: style, and a script at the end of the body.
std::string_view sortableStyle();
std::string_view sortableScript();

} // namespace halftone::cli
