#pragma once

#include "dsl/BlockMask.h"

#include <functional>
#include <string>
#include <string_view>

namespace halftone::cli {

/// Takes the bytes of a picture, piece by piece.
using Sink = std::function<void(std::string_view)>;

// Pictures of a block mask: a row of blocks for each query block, a column for each key block, kept
// blocks dark. Each is written a row at a time from the runs, whatever the size.

/// A binary PBM, one pixel a block: "P4\n<width> <height>\n", rows packed to bytes, most
/// significant bit first, 1 for a kept block (docs/radial.md).
void writePbm(const BlockMask &mask, const Sink &sink);

/// A one-bit PNG; a block is a square of `pixels` x `pixels`.
Status writePng(const BlockMask &mask, int pixels, const Sink &sink);

/// Pixels of a block that make a picture of a small mask large enough to look at.
int pngPixels(const BlockMask &mask);

/// An SVG with a rectangle for each run of kept blocks, and `title` as its title.
void writeSvg(const BlockMask &mask, std::string_view title, const Sink &sink);

/// Text for a terminal, at most `columns` wide with its border. A mask that fits is shown block by
/// block, two to a character; a larger one as shades of density, in grey where `colour` is allowed.
std::string textPicture(const BlockMask &mask, int columns, bool colour);

} // namespace halftone::cli
