#pragma once

#include "dsl/Error.h"

#include <string>

#include <sys/stat.h>

namespace halftone {

/// Why a file or folder with this status may not be trusted: "it belongs to user 1001", "others may
/// write to it (mode 0777)"; empty if it may be.
std::string distrust(const struct stat &status);

/// A descriptor (O_DIRECTORY) of `path`, an absolute path, after checking every folder on the way
/// as PrivateFolder says; -1 where it does not exist and `create` is false. What is missing is made
/// with mode 0700 otherwise.
Result<int> openCheckedFolder(const std::string &path, bool create);

} // namespace halftone
