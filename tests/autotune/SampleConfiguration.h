#pragma once

#include "autotune/CacheLocation.h"
#include "autotune/Configuration.h"

namespace halftone::test {

/// A key as the tuner would make it, of the radial pattern at Wan 2.1's size; `heads` makes others.
Key sampleKey(int64_t heads = 40);
/// Its result, with two runners-up.
Configuration sampleConfiguration(int64_t heads = 40);
/// A cache in `userFolder` with no other layer.
CacheLocation onlyUser(std::string userFolder);

} // namespace halftone::test
