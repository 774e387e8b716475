#pragma once

#include "dsl/Layout.h"

namespace halftone::patterns {

struct RadialOptions {
  double decay = 0.2;  ///< how far the band of each frame distance reaches
  bool sink = true;    ///< everyone sees frame 0
  int64_t block = 128; ///< the least reach of a band; of the reference rule, also its block size
};

/// Radial Attention (arXiv 2506.19852) by its token rule, exactly (docs/radial.md): the farther two
/// frames are apart, the narrower the band of places they see of each other, and where the band has
/// shrunk to less than 128 tokens, only every 2nd, 4th, 8th frame is seen at all. Text sees, and is
/// seen by, everything.
///
/// What the queries of frame 0 see of five frames of 1,024 tokens, with a decay of 0.5 and a block
/// of 64; a character is 128 tokens:
///
///     ######## ######## ###..... ###..... ##......
///     ######## ######## ####.... ####.... ###.....
///     ######## ######## #####... #####... .###....
///     ######## ######## .#####.. .#####.. ..###...    text | sink | (near | band) & thinned
///     ######## ######## ..#####. ..#####. ...###..
///     ######## ######## ...##### ...##### ....###.
///     ######## ######## ....#### ....#### .....###
///     ######## ######## .....### .....### ......##
Pattern radial(const Layout &clip, const RadialOptions &options = {},
               Pattern::Location at = Pattern::Location::current());

/// The same mask as the paper's code rounds it to blocks, bit for bit, with the blocks it loses on
/// the way (docs/radial.md): what the published models were validated with.
///
/// Eight frames of 256 tokens in blocks of 128, with a decay of 0.2; from a distance of 4 on, every
/// second frame is left out:
///
///     # # # # # # # # # # . . # # . .
///     # # # # # # # # # # . . # # . .
///     # # # # # # # # # # # # . . # #
///     # # # # # # # # # # # # . . # #
///     # # # # # # # # # # # # # # . .
///     # # # # # # # # # # # # # # . .
///     # # # # # # # # # # # # # # # #
///     # # # # # # # # # # # # # # # #
///     # # # # # # # # # # # # # # # #
///     # # # # # # # # # # # # # # # #
///     # # # # # # # # # # # # # # # #
///     # # # # # # # # # # # # # # # #
///     # # . . # # # # # # # # # # # #
///     # # . . # # # # # # # # # # # #
///     # # # # . . # # # # # # # # # #
///     # # # # . . # # # # # # # # # #
Pattern radialReference(const RadialOptions &options = {},
                        Pattern::Location at = Pattern::Location::current());

} // namespace halftone::patterns
