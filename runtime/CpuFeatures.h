#pragma once

#include "dsl/Error.h"

#include <string>
#include <string_view>

namespace halftone {

/// What this machine's CPU has beyond x86-64, of what a compiler may use: names joined by commas,
/// in a fixed order, such as "sse4.2,avx,avx2,fma".
std::string hostCpuFeatures();

/// Whether this machine's CPU has all of `needed`, a list as hostCpuFeatures() gives; the error
/// names the first that it lacks.
Status checkCpuFeatures(std::string_view needed);

} // namespace halftone
