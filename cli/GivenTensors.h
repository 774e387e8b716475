#pragma once

#include "cli/ProblemOptions.h"
#include "cli/SampledCheck.h"

namespace halftone::cli {

Result<AxisOrder> parseAxisOrder(std::string_view name); ///< "bshd", "bhsd"

/// Reads q, k and v of a .safetensors file, and takes the sizes that the command line left open
/// from them.
Result<Inputs> readInputs(const std::string &path, AxisOrder order, ProblemOptions &problem);

/// Makes read tensors the problem's: as long as its layouts say, which is checked, and of its
/// element type.
Status fit(Inputs &inputs, const Problem &problem);

} // namespace halftone::cli
