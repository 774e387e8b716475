#pragma once

#include "autotune/MachineFacts.h"
#include "runtime/Device.h"

namespace halftone {

/// The facts of a device of this machine, as its driver, or the system, tells them.
MachineFacts machineFacts(const Device &device);

} // namespace halftone
