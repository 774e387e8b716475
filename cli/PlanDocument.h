#pragma once

#include "runtime/Image.h"
#include "runtime/Plan.h"

#include <string>

namespace halftone::cli {

/// A plan as JSON, for who reads it or launches an image by other means than our runtime: the
/// arrays of runtime/Plan.h, a work item as [query, head, batch, first, full, partial, columns,
/// clearing, shared] (runtime/Arguments.h). Deterministic.
std::string planDocument(const Plan &plan, const Image &image);

} // namespace halftone::cli
