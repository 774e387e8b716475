#pragma once

#include "tests/RandomProblem.h"

namespace halftone::test {

/// A pattern drawn at random for queries and keys of the two layouts: one of the library, a random
/// expression, or a composition of such.
Pattern randomPattern(RandomNumbers &random, const Layout &query, const Layout &key, int depth);

/// Something to measure a bias by.
Expr randomDistance(RandomNumbers &random);

} // namespace halftone::test
