#pragma once

#include "runtime/DeviceProperties.h"

#include <functional>

namespace halftone {

/// Enqueues on a stream made for it and waits: what is done there waits for no other work, and is
/// allowed while another thread captures a graph. `what` completes "cannot ..." in the error.
Status onOwnStream(const Device::Properties &gpu, std::string_view what,
                   const std::function<cuda::Status(cuda::Stream)> &enqueue);

} // namespace halftone
