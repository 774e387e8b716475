#pragma once

#include "dsl/BlockMask.h"

#include <string>
#include <string_view>

namespace halftone::cli {

/// The beginning of a page, up to its heading: style, and a policy that keeps a browser from asking
/// anybody for anything. Light or dark as the reader's system is. `style` is CSS that the page has
/// besides; the colours of all pages are --text, --back, --faint, --line, --panel, --accent, --good
/// and --bad; an SVG has the classes axis, grid and note.
std::string pageHead(std::string_view title, std::string_view style);

/// The mask as a PNG in the page: at least a pixel a block, whatever the length.
Result<std::string> maskImage(const BlockMask &mask, std::string_view name);

/// A number for people: four digits, never an exponent for what is large.
std::string numberText(double value);

} // namespace halftone::cli
