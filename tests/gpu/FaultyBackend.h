#pragma once

#include "autotune/Backend.h"

#include <memory>
#include <string>

namespace halftone::test {

/// The worker on real devices, except for the schedules that FOLDER/faults names in lines
/// "FAULT|SCHEDULE". A fault is one of faultyKernel(), put in the place of the compiled code, or of
/// the worker itself: "compile-hangs", "out-of-memory", "is-killed", "garbage". FOLDER/log gets a
/// line for each compilation and measurement before it is made. Lines "DEVICE|COUNT" of
/// FOLDER/breaks: after so many measurements that GPU breaks, and each launch on it is the kernel
/// "illegal-address".
std::unique_ptr<Backend> makeFaultyBackend(const std::string &folder);

} // namespace halftone::test
