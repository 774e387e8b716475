#include "cli/SortableTable.h"

#include "cli/Markup.h"

#include <fmt/format.h>

namespace halftone::cli {

std::string sortableHead(std::span<const SortableColumn> columns, std::optional<size_t> sorted) {
  std::string html = "<div class=\"wide\"><table class=\"sortable\">\n<thead><tr>";
  for (size_t i = 0; i < columns.size(); ++i) {
    const SortableColumn &column = columns[i];
    html += fmt::format(
        "<th scope=\"col\"{}{}{}><button type=\"button\">{}</button></th>",
        column.isNumber ? "" : " class=\"text\"", sorted == i ? " aria-sort=\"ascending\"" : "",
        column.meaning.empty() ? "" : fmt::format(" title=\"{}\"", escapedMarkup(column.meaning)),
        escapedMarkup(column.name));
  }
  return html + "</tr></thead>\n<tbody>\n";
}

std::string_view sortableEnd() { return "</tbody>\n</table></div>\n"; }

std::string numberCell(double value, std::string_view text) {
  return fmt::format("<td data-value=\"{}\">{}</td>", value, escapedMarkup(text));
}

std::string textCell(std::string_view text) {
  return fmt::format("<td class=\"text\">{}</td>", escapedMarkup(text));
}

std::string_view emptyCell() { return "<td></td>"; }

std::string_view sortableStyle() {
  return R"(
.wide { overflow-x: auto; }
.sortable { font-size: 13px; font-variant-numeric: tabular-nums; }
.sortable th { padding: 0; background: var(--panel); vertical-align: bottom; }
.sortable th button { font: inherit; font-weight: bold; color: inherit; background: none; border: 0; width: 100%;
  padding: .45em .6em; text-align: inherit; cursor: pointer; }
.sortable th button { text-decoration: underline dotted var(--faint); text-underline-offset: .25em; }
.sortable th button:hover, .sortable th button:focus-visible { color: var(--accent); }
.sortable th[aria-sort] button { color: var(--accent); }
.sortable th[aria-sort=ascending] button::after { content: "\00a0\2191"; }
.sortable th[aria-sort=descending] button::after { content: "\00a0\2193"; }
.sortable td { white-space: nowrap; }
.sortable .text { text-align: left; }
)";
}

std::string_view sortableScript() {
  return R"(<script>
"use strict";
for (const table of document.querySelectorAll("table.sortable"))
  table.tHead.addEventListener("click", event => {
    const header = event.target.closest("th"), body = table.tBodies[0];
    if (!header)
      return;
    const direction = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    const sign = direction === "ascending" ? 1 : -1, isNumber = !header.classList.contains("text");
    const valueOf = row => {
      const cell = row.cells[header.cellIndex], text = cell.dataset.value ?? cell.textContent;
      return text === "" ? null : isNumber ? Number(text) : text;
    };
    const order = (a, b) => isNumber ? a - b : (a > b) - (a < b);
    const rows = [...body.rows].map(row => ({ row, value: valueOf(row) }));
    rows.sort((a, b) => a.value === null || b.value === null
      ? (a.value === null) - (b.value === null) : sign * order(a.value, b.value));
    for (const other of table.tHead.rows[0].cells)
      other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    body.append(...rows.map(entry => entry.row));
  });
</script>
)";
}

} // namespace halftone::cli
