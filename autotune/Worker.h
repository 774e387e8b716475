#pragma once

#include "autotune/Backend.h"

namespace halftone {

/// The child's side of a WorkerProcess: answers the questions that come on descriptor 0 until it
/// closes. A thread of its own reads them, so that when the tuner has gone, however it went and
/// whatever hangs here, this process and all it started are killed. Never returns; `exit code` 2
/// where a question is not one.
[[noreturn]] void serveAsWorker(Backend &backend);

} // namespace halftone
