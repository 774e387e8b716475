#pragma once

#include "dsl/Error.h"

#include <string>

namespace halftone {

/// The bytes of a regular file of data that the user named or that was installed, at most 16 MiB.
/// Whose it is does not matter: what it says is checked as data from anywhere is.
Result<std::string> readPublicFile(const std::string &path);

} // namespace halftone
